import { specHashOf } from '../../../operator/src/observation/template.ts';
import { RESTARTED_AT } from '../../../operator/src/resources/annotations.ts';
import { podTemplate } from '../../../operator/src/resources/pod-template.ts';
import { storedCluster } from '../cluster.ts';

const nats = { url: 'nats://nats:4222' };
const list = [{ name: 'a', value: 'b' }];
const changes: object[] = [
  { image: 'synod:2' },
  { imagePullPolicy: 'Always' },
  { imagePullSecrets: [{ name: 'a' }] },
  { machine: 'counter' },
  { resources: { limits: { cpu: '1' } } },
  { affinity: { nodeAffinity: {} } },
  { tolerations: [{ key: 'a' }] },
  { topologySpreadConstraints: [] },
  { priorityClassName: 'a' },
  { podLabels: { storage: 'a' } },
  { podAnnotations: { a: 'b' } },
  { env: list },
  { monitoring: { scrapeAnnotations: false } },
  { settings: { batchBytes: 4096 } },
  { nats: { url: 'nats://other:4222' } },
  { nats: { ...nats, credentialsSecret: 'a' } },
  { nats: { ...nats, tlsSecret: 'a' } },
  // And these have no pod made anew.
  { replicas: 5 },
  { window: 16 },
  { storage: { size: '64Gi' } },
  { decided: {} },
  { paused: true },
  { recovery: { clusterId: 'a', member: 'b' } },
  { nats: { ...nats, operatorSecret: 'a' } },
];

test.each(changes)(
  'what asks for other pods is another request, and nothing else is: %j',
  (spec) => {
    const [before, after] = [storedCluster(), storedCluster(spec)];
    const isOther = JSON.stringify(podTemplate(before)) !== JSON.stringify(podTemplate(after));
    expect(specHashOf(before) !== specHashOf(after)).toBe(isOther);
  },
);

test('a restart is a request; in which order fields stand is none', () => {
  const request = specHashOf(storedCluster({ podLabels: { a: '1', b: '2' } }));
  expect(specHashOf(storedCluster({ podLabels: { b: '2', a: '1' } }))).toBe(request);
  expect(specHashOf(storedCluster({}, { [RESTARTED_AT]: '1' }))).not.toBe(
    specHashOf(storedCluster()),
  );
});

test('the request of the least spec never changes: clusters that run would be restarted for it', () => {
  expect(specHashOf(storedCluster())).toBe('89a2b6e6b92dd2ce');
});
