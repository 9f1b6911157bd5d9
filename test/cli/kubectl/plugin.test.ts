import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { PaxosCluster } from '../../../cli/src/kubectl/paxos-cluster.ts';

/* kubectl synod, with a kubectl that answers from a file and remembers what it was asked. */

const PROGRAM = path.resolve('cli/bin/kubectl-synod.js');
const GET = 'get paxosclusters.paxos.synod.dev';

let folder: string;
beforeEach(() => {
  folder = fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), 'synod-kubectl-')));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const well = (type: string, status = 'True') => ({
  type,
  status,
  reason: 'Well',
  message: `${type}.`,
});
const members = ['synod-0', 'synod-1', 'synod-2'].map((name, i) => {
  const more = { role: 'voter', ready: i < 2, caughtUp: i < 2, version: '1.0.0' };
  return { name, id: `${i}`.repeat(16), ...more };
});

function cluster(status: PaxosCluster['status'], name = 'synod'): PaxosCluster {
  const more = { clusterId: 'c1', leader: 'synod-0', members };
  return { metadata: { namespace: 'apps', name }, status: { ...more, ...status } };
}

const running = cluster({ phase: 'Running', conditions: [well('Ready'), well('Available')] });
const degraded = cluster({
  phase: 'Degraded',
  conditions: [
    well('Ready', 'False'),
    well('Available'),
    { ...well('Degraded'), message: 'synod-2 does not answer\x1b[2J.' },
  ],
});
const lostQuorum = cluster({
  phase: 'QuorumLost',
  conditions: [
    { ...well('QuorumLost'), message: 'Only synod-0 is left, at slot 17.' },
    { ...well('Available', 'False'), message: 'Nobody leads.' },
  ],
});

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What kubectl was asked for. */
  readonly asked: string[];
}

/** @param answers by what the command line of kubectl begins with; to all others it fails */
function run(args: readonly string[], answers: Readonly<Record<string, unknown>>): Ran {
  const log = path.join(folder, 'asked');
  const script = `#!${process.execPath}
    const fs = require('node:fs');
    const asked = process.argv.slice(2).join(' ');
    fs.appendFileSync(${JSON.stringify(log)}, asked + '\\n');
    const answers = ${JSON.stringify(answers)};
    const key = Object.keys(answers).filter((each) => asked.startsWith(each)).sort().at(-1);
    if (key === undefined) { console.error('Error from server (Forbidden): ' + asked); process.exit(1); }
    const answer = answers[key];
    process.stdout.write(typeof answer === 'string' ? answer : JSON.stringify(answer));`;
  fs.writeFileSync(path.join(folder, 'kubectl'), script, { mode: 0o755 });
  const env = { ...process.env, PATH: folder };
  const options = { cwd: folder, env, encoding: 'utf8', timeout: 20_000 } as const;
  const { status: code, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], options);
  const asked = fs.existsSync(log) ? fs.readFileSync(log, 'utf8').split('\n').slice(0, -1) : [];
  return { code, stdout, stderr, asked };
}

const items = (...all: readonly PaxosCluster[]) => ({ [GET]: { items: all } });

test('status: what is amiss comes first, then the members, and the exit status says it, too', () => {
  const { code, stdout, asked } = run(['status', '--namespace', 'apps'], items(degraded));
  expect(code).toBe(3);
  expect(stdout).toMatch(
    /^apps\/synod: Degraded\. It serves, and something is not as it should be\.\n/,
  );
  expect(stdout).toContain('  Degraded: synod-2 does not answer\\x1b[2J.\n');
  expect(stdout).toMatch(/synod-0 +│ 00000000 │ voter, leads │ yes/);
  expect(stdout).toMatch(/synod-2 +│ 22222222 │ voter +│ no/);
  expect(asked).toEqual([`${GET} --output json --namespace apps --request-timeout 20s`]);
});

test.each([
  [running, 0, 'healthy'],
  [degraded, 3, 'degraded'],
  [lostQuorum, 4, 'not-serving'],
  [{ metadata: { namespace: 'apps', name: 'synod' } }, 4, 'not-serving'],
])('status as data: case %#', (found, exit, health) => {
  const { code, stdout } = run(['status', 'synod', '--output', 'json'], items(found));
  expect({ code, found: JSON.parse(stdout) as unknown }).toMatchObject({
    code: exit,
    found: [{ namespace: 'apps', name: 'synod', health }],
  });
});

test('status of all is that of the worst; of none, it says where to look', () => {
  const other = cluster({ conditions: [well('Available', 'False')] }, 'other');
  const all = run(['status', '-A'], items(running, other));
  expect(all.code).toBe(4);
  expect(all.asked).toEqual([`${GET} --all-namespaces --output json --request-timeout 20s`]);
  expect(run(['status'], items())).toMatchObject({
    code: 0,
    stdout: 'There is no PaxosCluster here. --all-namespaces looks further.\n',
  });
});

test.each([
  [['status', 'nix'], items(running), 'There is no PaxosCluster nix. This namespace has synod.'],
  [
    ['report'],
    items(running, cluster({}, 'b')),
    'There is more than one cluster: name one of synod, b.',
  ],
  [
    ['report'],
    items(),
    'There is no PaxosCluster in this namespace. Name another one with --namespace.',
  ],
  [
    ['lost', 'x-1', '--yes'],
    items(running),
    'No cluster of this namespace has a member in x-1. There are synod-0,',
  ],
  [
    ['lost', 'synod-1', '--yes'],
    items(lostQuorum),
    'synod has lost its quorum: no member is replaced then.',
  ],
  [['recover', 'synod-1', '--yes'], items(degraded), 'synod has not lost its quorum'],
  [['status'], {}, `kubectl get: Error from server (Forbidden): ${GET}`],
])('wrong: %j', (args, answers, sentence) => {
  const { code, stdout, stderr, asked } = run(args, answers);
  expect({ stdout, stderr }).toEqual({
    stdout: '',
    stderr: expect.stringContaining(sentence) as string,
  });
  expect([1, 2]).toContain(code);
  expect(asked).toHaveLength(1); // Nothing is changed.
});

test('without kubectl, it says so', () => {
  const options = { encoding: 'utf8', env: { PATH: folder } } as const;
  const { status, stderr } = spawnSync(process.execPath, [PROGRAM, 'status'], options);
  expect(status).toBe(69);
  expect(stderr).toContain('There is no kubectl on the PATH');
});

test('lost: without --yes it says what would follow; with it, the member is named by its id', () => {
  const asked = run(['lost', 'synod-1'], items(running));
  expect(asked).toMatchObject({ code: 2, asked: [expect.stringMatching(/^get /)] });
  expect(asked.stderr).toContain(
    `synod-1 is member ${'1'.repeat(16)} of synod, voter. It is ready`,
  );
  expect(asked.stderr).toContain('its volume would be deleted');
  fs.rmSync(path.join(folder, 'asked'));
  const done = run(['lost', 'synod-1', '--yes'], { ...items(running), annotate: '' });
  expect(done.code).toBe(0);
  const change = `paxos.synod.dev/lost=synod-1=${'1'.repeat(16)}`;
  expect(done.asked[1]).toBe(
    `annotate --overwrite paxosclusters.paxos.synod.dev synod ${change} --request-timeout 20s`,
  );
});

test('recover: without --yes it says what may be lost; with it, cluster and survivor are named', () => {
  const { code, stderr } = run(['recover', 'synod-0'], items(lostQuorum));
  expect(code).toBe(2);
  expect(stderr).toContain('Only synod-0 is left, at slot 17.');
  expect(stderr).toContain('is given up, acknowledged or not');
  fs.rmSync(path.join(folder, 'asked'));
  const done = run(['recover', 'synod-0', '--yes'], { ...items(lostQuorum), patch: '' });
  expect(done.code).toBe(0);
  const patch = JSON.stringify({ spec: { recovery: { clusterId: 'c1', member: '0'.repeat(16) } } });
  expect(done.asked[1]).toContain(
    `patch paxosclusters.paxos.synod.dev synod --type merge --patch ${patch}`,
  );
  expect(done.stdout).toContain('"path":"/spec/recovery"');
});

test('report: a folder with what there is, what could not be had, and no secret', () => {
  const env = [
    { name: 'SYNOD_NATS_URL', value: 'nats://user:hunter2@nats:4222' },
    { name: 'HTTPS_PROXY', value: 'hunter2' },
    { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'token', key: 'token' } } },
  ];
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': 'hunter2' };
  const pods = { items: [{ metadata: { annotations }, spec: { containers: [{ env }] } }] };
  const operators = { items: [{ metadata: { namespace: 'ops', name: 'o' } }] };
  const answers = {
    ...items(running),
    [`${GET} synod`]: running,
    'get pods': pods,
    'get pods --all-namespaces': operators,
    'get statefulsets': { items: [] },
    'get events': 'an event\n',
    'get --raw /api/v1/namespaces/apps/pods/synod-0:8080/proxy/status': '{"name":"synod-0"}',
    'logs synod-1': 'connected to nats://u:hunter2@nats\n',
    'logs o': 'the operator\n',
  };
  const { code, stdout } = run(['report', '--folder', 'bundle'], answers);
  expect(code).toBe(0);
  const files = fs.readdirSync(path.join(folder, 'bundle')).sort();
  expect(files).toEqual([
    'events.txt',
    'missing.txt',
    'operator-o.log',
    'paxoscluster.json',
    'pods.json',
    'statefulset.json',
    'synod-0.status.json',
    'synod-1.log',
    'synod-1.previous.log',
  ]);
  const text = (file: string) => fs.readFileSync(path.join(folder, 'bundle', file), 'utf8');
  for (const file of files) expect(text(file)).not.toContain('hunter2');
  expect(text('pods.json')).toContain('nats://(removed)@nats:4222');
  expect(text('pods.json')).toContain('secretKeyRef');
  expect(text('synod-1.log')).toBe('connected to nats://(removed)@nats\n');
  expect(text('missing.txt')).toContain('volumes.json: kubectl get: Error from server (Forbidden)');
  expect(stdout).toMatch(
    /^bundle has 8 files\. 10 could not be had: see missing\.txt\. Look at them/,
  );
  const again = run(['report', '--folder', 'bundle'], answers);
  expect(again).toMatchObject({ code: 2 });
  expect(again.stderr).toContain('bundle: is there. Name a new folder with --folder.');
});
