import { parseFlow } from './flows.ts';

/* Lines are those of conntrack 1.4.7 in the lab. */

test('a connection goes from whoever opened it to the pod behind the Service', () => {
  const line =
    '    [NEW] tcp      6 120 SYN_SENT src=10.241.0.5 dst=10.96.93.68 sport=37496 dport=4222 ' +
    '[UNREPLIED] src=10.242.0.3 dst=10.241.0.5 sport=4222 dport=37496';
  expect(parseFlow(line)).toEqual({
    protocol: 'TCP',
    source: '10.241.0.5',
    destination: '10.242.0.3',
    port: 4222,
  });
});

test('a question of DNS is one, and an answer that comes late is none', () => {
  const question =
    '    [NEW] udp      17 30 src=10.241.0.4 dst=10.96.0.10 sport=38211 dport=53 ' +
    '[UNREPLIED] src=10.243.0.2 dst=10.241.0.4 sport=53 dport=38211';
  const answer =
    '    [NEW] udp      17 30 src=10.243.0.2 dst=10.241.0.4 sport=53 dport=38211 ' +
    '[UNREPLIED] src=10.241.0.4 dst=10.243.0.2 sport=38211 dport=53';
  expect(parseFlow(question)).toMatchObject({ protocol: 'UDP', destination: '10.243.0.2' });
  expect(parseFlow(answer)).toBeUndefined();
});

test('a connection that the kernel meets in its middle says nothing of its direction', () => {
  const line =
    '    [NEW] tcp      6 300 ESTABLISHED src=10.200.0.1 dst=10.200.0.2 sport=6443 dport=35652 ' +
    '[UNREPLIED] src=10.200.0.2 dst=10.200.0.1 sport=35652 dport=6443';
  expect(parseFlow(line)).toBeUndefined();
});

test('an echo request is none', () => {
  const line =
    '    [NEW] icmp     1 30 src=10.241.0.4 dst=10.242.0.2 type=8 code=0 id=7 ' +
    '[UNREPLIED] src=10.242.0.2 dst=10.241.0.4 type=0 code=0 id=7';
  expect(parseFlow(line)).toBeUndefined();
});
