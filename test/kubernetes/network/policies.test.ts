import {
  Policies,
  type Connection,
  type End,
  type Labels,
  type NetworkPolicy,
} from './policies.ts';

/* What the reference of the API says of NetworkPolicies, on policies that were written by hand. */

const namespaces = new Map<string, Labels>([
  ['shop', { team: 'shop' }],
  ['bank', { team: 'bank' }],
]);

function pod(address: string, namespace: string, app: string): End {
  const ports = [
    { name: 'web', containerPort: 8080 },
    { name: 'names', containerPort: 5353, protocol: 'UDP' },
  ];
  return { address, pod: { name: app, namespace, labels: { app }, ports } };
}

const front = pod('10.1.0.1', 'shop', 'front');
const back = pod('10.1.0.2', 'shop', 'back');
const stranger = pod('10.1.0.3', 'bank', 'front');
const outside: End = { address: '192.0.2.9' };

const to = (from: End, end: End, port = 8080, protocol = 'TCP'): Connection => ({
  ...{ from, to: end, port, protocol },
});

function policy(spec: NetworkPolicy['spec'], namespace = 'shop'): NetworkPolicy {
  return { metadata: { namespace }, spec: { podSelector: {}, ...spec } };
}

function denial(policies: readonly NetworkPolicy[], connection: Connection): string | undefined {
  return new Policies(policies, namespaces).denial(connection);
}

const backOnly = { podSelector: { matchLabels: { app: 'back' } } };

test('without a policy everything is allowed', () => {
  expect(denial([], to(outside, back))).toBeUndefined();
});

test('a policy without rules denies all of its direction to those that it selects', () => {
  const none = [policy({ ...backOnly, policyTypes: ['Ingress'] })];
  expect(denial(none, to(front, back))).toBe('ingress');
  expect(denial(none, to(front, back, 53, 'UDP'))).toBe('ingress');
  expect(denial(none, to(back, front))).toBeUndefined();
  expect(denial(none, to(stranger, front))).toBeUndefined();
});

test('a policy is about its own namespace', () => {
  expect(denial([policy({}, 'bank')], to(front, back))).toBeUndefined();
});

test('without policyTypes it is of ingress, and of egress if it has such rules', () => {
  expect(denial([policy(backOnly)], to(back, front))).toBeUndefined();
  expect(denial([policy({ ...backOnly, egress: [] })], to(back, front))).toBe('egress');
  expect(denial([policy({ ...backOnly, egress: [] })], to(front, back))).toBe('ingress');
});

test('both ends have to allow it', () => {
  const leaves = policy({
    podSelector: { matchLabels: { app: 'front' } },
    policyTypes: ['Egress'],
    egress: [{ ports: [{ port: 8080 }] }],
  });
  const enters = policy({ ...backOnly, ingress: [{ ports: [{ port: 8081 }] }] });
  expect(denial([leaves], to(front, back))).toBeUndefined();
  expect(denial([leaves, enters], to(front, back))).toBe('ingress');
  expect(denial([leaves, enters], to(front, back, 8081))).toBe('egress');
});

test('one rule of one policy is enough', () => {
  const rules = [8080, 8081].map((port) =>
    policy({ ...backOnly, ingress: [{ ports: [{ port }] }] }),
  );
  expect(denial(rules, to(front, back, 8081))).toBeUndefined();
  expect(denial(rules, to(front, back, 8082))).toBe('ingress');
});

test('a pod is always allowed to reach itself', () => {
  expect(denial([policy({ ingress: [], egress: [] })], to(back, back))).toBeUndefined();
});

test('a podSelector alone means pods of the policy’s namespace', () => {
  const from = [{ podSelector: { matchLabels: { app: 'front' } } }];
  const policies = [policy({ ...backOnly, ingress: [{ from }] })];
  expect(denial(policies, to(front, back))).toBeUndefined();
  expect(denial(policies, to(stranger, back))).toBe('ingress');
  expect(denial(policies, to(outside, back))).toBe('ingress');
});

test('a namespaceSelector alone means all pods there, and both mean both', () => {
  const bank = { namespaceSelector: { matchLabels: { team: 'bank' } } };
  const there = [policy({ ...backOnly, ingress: [{ from: [bank] }] })];
  expect(denial(there, to(stranger, back))).toBeUndefined();
  expect(denial(there, to(front, back))).toBe('ingress');
  const both = { ...bank, podSelector: { matchLabels: { app: 'other' } } };
  expect(denial([policy({ ...backOnly, ingress: [{ from: [both] }] })], to(stranger, back))).toBe(
    'ingress',
  );
});

test('an empty namespaceSelector means every namespace, and no address outside', () => {
  const all = [policy({ ...backOnly, ingress: [{ from: [{ namespaceSelector: {} }] }] })];
  expect(denial(all, to(stranger, back))).toBeUndefined();
  expect(denial(all, to(outside, back))).toBe('ingress');
});

test.each([
  ['In', ['front', 'side'], true, false],
  ['NotIn', ['front'], false, true],
  ['Exists', undefined, true, true],
  ['DoesNotExist', undefined, false, false],
])('the expression %s %j', (operator, values, forFront, forBack) => {
  const expression = { key: 'app', operator, ...(values && { values }) };
  const policies = [policy({ podSelector: { matchExpressions: [expression] } })];
  expect(denial(policies, to(outside, front)) === 'ingress').toBe(forFront);
  expect(denial(policies, to(outside, back)) === 'ingress').toBe(forBack);
});

test('an ipBlock is a range of addresses, but for its exceptions', () => {
  const block = { cidr: '192.0.2.0/24', except: ['192.0.2.8/30'] };
  const policies = [policy({ ...backOnly, egress: [{ to: [{ ipBlock: block }] }] })];
  expect(denial(policies, to(back, { address: '192.0.2.7' }))).toBeUndefined();
  expect(denial(policies, to(back, outside))).toBe('egress');
  expect(denial(policies, to(back, { address: '198.51.100.1' }))).toBe('egress');
  expect(denial(policies, to(back, { address: '2001:db8::1' }))).toBe('egress');
  const six = [policy({ ...backOnly, egress: [{ to: [{ ipBlock: { cidr: '2001:db8::/32' } }] }] })];
  expect(denial(six, to(back, { address: '2001:db8::1' }))).toBeUndefined();
});

test('ports are numbers, ranges, or names of the pod that is connected to', () => {
  const open = (port: object) => [policy({ ...backOnly, ingress: [{ ports: [port] }] })];
  const range = open({ port: 8000, endPort: 8080 });
  expect(denial(range, to(front, back))).toBeUndefined();
  expect(denial(range, to(front, back, 8081))).toBe('ingress');
  expect(denial(open({ port: 'web' }), to(front, back))).toBeUndefined();
  expect(denial(open({ port: 'web' }), to(front, back, 8081))).toBe('ingress');
  expect(denial(open({ port: 'names' }), to(front, back, 5353, 'UDP'))).toBe('ingress');
  expect(denial(open({ port: 'names' }), to(front, back, 5353))).toBe('ingress');
  const names = open({ port: 'names', protocol: 'UDP' });
  expect(denial(names, to(front, back, 5353, 'UDP'))).toBeUndefined();
  expect(denial(names, to(front, back, 5353))).toBe('ingress');
});

test('of egress a named port is one of the other pod, and no address outside has it', () => {
  const policies = [policy({ ...backOnly, egress: [{ ports: [{ port: 'web' }] }] })];
  expect(denial(policies, to(back, stranger))).toBeUndefined();
  expect(denial(policies, to(back, outside))).toBe('egress');
});
