import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MemberStatus } from '../../../contract/src/status.ts';
import { parseConfig } from '../../../node/src/config.ts';
import { createLogger } from '../../../host/src/logger.ts';
import { Node } from '../../../node/src/service/node.ts';
import { FolderLock } from '../../../node/src/storage/folder-lock.ts';
import type { Figure } from '../../../operator/src/api/status.ts';
import { NatsMembers } from '../../../operator/src/members/nats-members.ts';
import { NatsProcess } from '../../journeys/nats-process.ts';
import { until } from '../../journeys/test-cluster.ts';
import { storedCluster } from '../cluster.ts';
import { ModelObjects } from '../reconcile/model/model-objects.ts';

/*
 * The operator remembers how far the logs of members went, outside of their volumes. Of a cluster
 * of one nobody else does.
 */

const nothing = (): undefined => undefined;
const quiet = { changing: nothing, removing: nothing, applying: nothing, changed: nothing };
const objects = new ModelObjects(quiet, Date.now);

let folder: string;
let data: string;
let nats: NatsProcess;
let node: Node | undefined;
let operators: NatsMembers[];

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-witness-'));
  data = path.join(folder, 'c-0');
  nats = await NatsProcess.reserve();
  await nats.start();
  operators = [];
});

afterEach(async () => {
  await Promise.all(operators.map((operator) => operator.close()));
  await node?.stop();
  node = undefined;
  await nats.kill();
  fs.rmSync(folder, { recursive: true });
});

async function start(at = data): Promise<Node> {
  const flags = { cluster: 'c', namespace: 'n', name: 'c-0', data: at, witness: 'operator' };
  const all = Object.entries({ ...flags, 'nats-url': nats.url, 'http-port': '0' });
  const args = all.flatMap(([flag, value]) => [`--${flag}`, value]);
  const config = parseConfig(args, {});
  const lock = await FolderLock.take(config.data, 'c-0', nothing);
  const log = createLogger('silent', { name: 'c-0' });
  const fatal = (error: Error): void => {
    throw error;
  };
  node = new Node(config, lock, log, fatal, nothing, nothing);
  await node.start();
  return node;
}

const cluster = (witness: Figure[] = []) => ({
  ...storedCluster({ nats: { url: nats.url } }),
  status: { witness },
});

/** @param witness what an operator before it has written down */
async function operate(witness: Figure[] = []): Promise<NatsMembers> {
  const operator = new NatsMembers({ objects });
  operators.push(operator);
  await operator.look(cluster(witness), []);
  return operator;
}

const figuresOf = (operator: NatsMembers): Figure[] =>
  operator.figuresOf({ namespace: 'n', name: 'c' });

function leads(running: Node): Promise<MemberStatus> {
  return until('it to lead', () => {
    const status = running.status();
    return Promise.resolve(status.role === 'leader' ? status : undefined);
  });
}

/** A member that leads a cluster of one; its folder is kept as it was, and then it goes on. */
async function goOnAfterCopy(operator: NatsMembers): Promise<string> {
  const first = await start();
  const { member } = first.status();
  const configuration = { clusterId: 'x', members: [member], window: 16 };
  await until('it to be told', () =>
    operator.form(cluster(), member, configuration).then(
      () => true,
      () => undefined,
    ),
  );
  await leads(first);
  await first.stop();
  const copy = path.join(folder, 'copy');
  fs.cpSync(data, copy, { recursive: true });
  const second = await start();
  await leads(second);
  await until('the operator to hear of the second run', () => {
    const [figure] = figuresOf(operator);
    return Promise.resolve(figure?.incarnation === 2 && figure.sequence > 0 ? true : undefined);
  });
  return copy;
}

async function putBack(copy: string): Promise<Node> {
  await node?.stop();
  fs.rmSync(data, { recursive: true });
  fs.cpSync(copy, data, { recursive: true });
  return start();
}

test('a volume that was put back is noticed: the member has no vote, and says so', async () => {
  const operator = await operate();
  const back = await putBack(await goOnAfterCopy(operator));
  const status = await until('it to give up its roles', () => {
    const now = back.status();
    return Promise.resolve(['damaged', 'halted'].includes(now.role) ? now : undefined);
  });
  expect(status.alarms[0]).toContain('the operator has heard');
});

test('also by the operator that comes after, from what was written down', async () => {
  const operator = await operate();
  const copy = await goOnAfterCopy(operator);
  const written = figuresOf(operator);
  await operator.close();
  const next = await operate(written);
  expect(figuresOf(next)).toEqual(written);
  const back = await putBack(copy);
  await until('it to give up its roles', () => {
    const { role } = back.status();
    return Promise.resolve(['damaged', 'halted'].includes(role) ? role : undefined);
  });
});

test('without an operator it goes on, as it would without Kubernetes', async () => {
  const operator = await operate();
  const copy = await goOnAfterCopy(operator);
  await operator.close();
  const back = await putBack(copy);
  await leads(back);
});

test('of two processes with one id both halt, and one that has halted can set its data aside', async () => {
  const operator = await operate();
  const copy = await goOnAfterCopy(operator);
  const one = node!;
  const { member, clusterId } = one.status();
  const asked = (): Promise<void> =>
    operator.setAside(cluster(), member, { clusterId: clusterId ?? '' });
  await expect(asked()).rejects.toMatchObject({ code: 'HAS_LEADER' });
  const other = await start(copy);
  for (const each of [one, other]) {
    const status = await until('it to halt', () => {
      const now = each.status();
      return Promise.resolve(now.role === 'halted' ? now : undefined);
    });
    expect(status).toMatchObject({ haltedBy: 'twin', ready: false });
    expect(status.alarms[0]).toContain('another one with the same number');
  }
  await one.stop();
  await asked();
  expect(fs.existsSync(`${copy}.set-aside-x`)).toBe(true);
  expect(fs.existsSync(copy)).toBe(false);
});
