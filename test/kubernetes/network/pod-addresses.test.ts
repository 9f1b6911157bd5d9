import { PodAddresses, type ReportedPod } from './pod-addresses.ts';

const pod = (name: string, podIP: string, phase = 'Running'): ReportedPod => ({
  metadata: { name, namespace: 'n', uid: `uid-${name}`, labels: { app: name } },
  spec: { containers: [{ ports: [{ name: 'web', containerPort: 80 }] }, {}] },
  status: { podIP, phase },
});

test('an address is of the pod that has it, also shortly before that was reported', () => {
  const addresses = new PodAddresses();
  addresses.note([pod('a', '10.1.0.2')], 20_000);
  const ports = [{ name: 'web', containerPort: 80 }];
  const a = { name: 'a', namespace: 'n', labels: { app: 'a' }, ports };
  expect(addresses.holder('10.1.0.2', 19_000)).toEqual(a);
  expect(addresses.holder('10.1.0.2', 5_000)).toBeUndefined();
  expect(addresses.holder('10.1.0.3', 20_000)).toBeUndefined();
});

test('an address stays with a pod that is gone, until another one has it', () => {
  const addresses = new PodAddresses();
  addresses.note([pod('a', '10.1.0.2')], 20_000);
  addresses.note([pod('b', '10.1.0.2')], 60_000);
  expect(addresses.holder('10.1.0.2', 40_000)?.name).toBe('a');
  expect(addresses.holder('10.1.0.2', 55_000)?.name).toBe('b');
});

test('a pod that has ended does not take an address from the one that has it', () => {
  const addresses = new PodAddresses();
  addresses.note([pod('job', '10.1.0.9', 'Succeeded'), pod('a', '10.1.0.2')], 20_000);
  addresses.note([pod('old-job', '10.1.0.2', 'Succeeded')], 60_000);
  expect(addresses.holder('10.1.0.2', 60_000)?.name).toBe('a');
  expect(addresses.holder('10.1.0.9', 20_000)?.name).toBe('job');
});
