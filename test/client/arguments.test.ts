import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { folderNats } from '../../cli/src/local/folder-nats.ts';
import { Workspace } from '../../cli/src/local/workspace.ts';
import { connect, type SynodClient } from '../../client/src/client.ts';
import { SynodError } from '../../contract/src/synod-error.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';
import { counter } from '../../machines/src/counter/calls.ts';

/* What callers without a compiler may give. */

let folder: string;
let workspace: Workspace;
let natsUrl: string;
const before = { ...process.env };
beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-arguments-'));
  workspace = new Workspace(folder);
  natsUrl = await folderNats(workspace, process.env, () => undefined);
});
afterAll(async () => {
  await workspace.destroy();
  fs.rmSync(folder, { recursive: true });
});
afterEach(() => {
  process.env = { ...before };
});

/** As JavaScript has it. */
const untyped = (value: unknown): never => value as never;

async function refused(call: Promise<unknown>, sentence: string): Promise<void> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SynodError);
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect((error as SynodError).message).toContain(sentence);
}

test.each([
  [undefined, 'natsUrl is missing; it wants: the URL of a NATS server'],
  [null, 'what connect takes is null'],
  [{ natsUrl: 7 }, 'natsUrl is 7'],
  [{ natsUrl: 'nats://a', cluster: '*' }, "cluster is '*'; it wants: letters, digits, - and _"],
  [{ natsUrl: 'nats://a', cluster: 'a.b' }, "cluster is 'a.b'"],
  [{ natsUrl: 'nats://a', namespace: '' }, "namespace is ''"],
  [{ natsUrl: 'nats://a', role: 'king' }, "role is 'king'; it wants: one of operator, "],
  [{ natsUrl: 'nats://a', deadlineMs: 0 }, 'deadlineMs is 0; it wants: a number of ms'],
  [{ natsUrl: 'nats://a', maxInFlight: 0.5 }, 'maxInFlight is 0.5; it wants: a whole number'],
])('connect(%j) is refused with a sentence', async (options, sentence) => {
  process.env['SYNOD_NATS_URL'] = '';
  process.env['SYNOD_CLUSTER'] = '';
  await refused(connect(untyped(options)), sentence);
});

test('what connect is not given is taken from the variables that synod knows, too', async () => {
  process.env['SYNOD_NATS_URL'] = natsUrl;
  process.env['SYNOD_CLUSTER'] = 'elsewhere';
  const client = await connect();
  await client.close();
  process.env['SYNOD_CLUSTER'] = 'a.b';
  await refused(connect(), "cluster is 'a.b'");
  const named = await connect({ cluster: 'named' });
  await named.close();
});

const first = { clusterId: 'c', members: ['a'], window: 8 };
const calls: [string, (client: SynodClient) => Promise<unknown>, string][] = [
  [
    'append',
    (client) => client.machine(chatLog).append(untyped(undefined)),
    'text is missing; it wants: a string',
  ],
  [
    'read texts',
    (client) => client.machine(chatLog).read({ from: -1 }),
    'from is -1; it wants: a whole number',
  ],
  ['read texts', (client) => client.machine(chatLog).read({ limit: 0.5 }), 'limit is 0.5'],
  [
    'read texts',
    (client) => client.machine(chatLog).read(untyped(null)),
    'what read takes is null',
  ],
  [
    'read texts',
    (client) => client.machine(chatLog).read({ consistency: { atLeast: -1 } }),
    "it wants: 'linearizable', 'local' or {atLeast: <slot>}",
  ],
  ['add', (client) => client.machine(counter).add(untyped(1), 1), 'register is 1'],
  [
    'add',
    (client) => client.machine(counter).add('x'.repeat(256), 1),
    'a string of at most 255 bytes',
  ],
  ['add', (client) => client.machine(counter).add('x', NaN), 'delta is NaN; it wants: a number'],
  ['read a register', (client) => client.machine(counter).read(untyped({})), 'register is {}'],
  ['propose', (client) => client.propose(untyped(['a'])), 'it wants: Uint8Arrays'],
  ['read', (client) => client.read(untyped(['a'])), 'it wants: Uint8Arrays'],
  ['read', (client) => client.read([], untyped(null)), 'what read takes is null'],
  ['machine', async (client) => client.machine(untyped('chat-log')), "machine is 'chat-log'"],
  ['form', (client) => client.admin.form('a b', first), "member is 'a b'"],
  ['snapshot', (client) => client.admin.snapshot('*').next(), "member is '*'"],
];

test.each(calls)('%s is refused with a sentence, and sends nothing', async (_, call, sentence) => {
  const client = await connect({ natsUrl, cluster: 'nobody', deadlineMs: 20_000 });
  try {
    await refused(call(client), sentence);
  } finally {
    await client.close();
  }
});
