import { z } from 'zod';
import { parseConfig } from '../../../node/src/config.ts';
import { settingDefaults, specSchema } from '../../../operator/src/api/spec.ts';
import { podTemplate } from '../../../operator/src/resources/pod-template.ts';
import { storedCluster } from '../cluster.ts';

/* What the definition takes, a member takes: the same values go through both. */

interface Node {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
}

const { properties = {} } = z.toJSONSchema(specSchema.shape.settings, { io: 'input' });
const settings = Object.entries(properties as Record<string, Node>);

/** As a member reads what its pod gives it. */
function read(spec: object) {
  const { env = [] } = podTemplate(storedCluster(spec)).spec?.containers[0] ?? {};
  const given = env.map(({ name, value }) => [name, value ?? 'c-0']);
  return parseConfig([], Object.fromEntries(given) as Record<string, string>);
}

test.each(settings)('%s: both ends of the range, and each word', (name, node) => {
  const values = node.enum ?? [node.minimum, node.maximum];
  expect(values.every((value) => value !== undefined)).toBe(true);
  for (const value of values) {
    // Of two that depend on one another, the other one has room: crd.api.test.ts has both.
    const room = name === 'maxCommandBytes' ? { batchBytes: 768 * 1024 } : { maxCommandBytes: 256 };
    expect(read({ settings: { ...room, [name]: value } })).toMatchObject({ [name]: value });
  }
});

test('every setting of the definition reaches the member', () => {
  expect(settings.length).toBeGreaterThan(9);
  const plain = podTemplate(storedCluster()).spec?.containers[0]?.env?.length ?? 0;
  const values = settings.map(([name, node]) => [name, node.enum?.[0] ?? node.maximum]);
  const all = storedCluster({ settings: Object.fromEntries(values) as object });
  expect(podTemplate(all).spec?.containers[0]?.env).toHaveLength(plain + settings.length);
});

test('rules know what a member takes where a setting is left out', () => {
  expect(read({})).toMatchObject(settingDefaults);
});

test.each(['chat-log', 'counter'])('the machine %s', (machine) => {
  expect(read({ machine })).toMatchObject({ machine });
});

describe('nats.url', () => {
  test.each([
    'nats://nats:4222',
    'nats-1',
    'tls://a.example:65535/',
    'nats://10.0.0.5, nats://[2001:db8::5]:4222',
    'nats://synod_nats.apps.svc:1',
  ])('%s is taken by both', (url) => {
    expect(read({ nats: { url } }).natsUrl).toBe(url);
  });

  test.each([
    '',
    ' ',
    ',',
    'http://nats:4222',
    'nats://',
    'nats:/a',
    'nats://user:secret@nats:4222',
    'nats://nats:0',
    'nats://nats:65536',
    'nats://fe80::1',
    'nats://nats:4222/path',
    'nats://two words',
    'nats://a nats://b',
    'nats://a,,nats://b',
  ])('%j is refused', (url) => {
    expect(() => storedCluster({ nats: { url } })).toThrow('url');
  });
});
