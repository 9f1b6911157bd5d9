import type { KubernetesObject } from '@kubernetes/client-node';
import type { PaxosCluster } from '../../operator/src/api/paxos-cluster.ts';
import type { Figure, PaxosClusterStatus } from '../../operator/src/api/status.ts';
import { FigureKeeper } from '../../operator/src/figure-keeper.ts';
import { ConflictError } from '../../operator/src/kube/api-error.ts';
import { storedCluster } from './cluster.ts';

const name = { namespace: 'n', name: 'c' };
let figures: Figure[];
let stored: PaxosCluster | undefined;
let written: PaxosClusterStatus[];
let conflicts: number;
let reads: number;
let keeper: FigureKeeper;

const figure = (sequence: number): Figure => {
  return { member: 'm', incarnation: 1, random: 7, sequence, before: 0 };
};

beforeEach(() => {
  [figures, written, conflicts, reads] = [[], [], 0, 0];
  stored = { ...storedCluster(), status: { phase: 'Running' } };
  const objects = {
    get: async <T extends KubernetesObject>(): Promise<T | undefined> => {
      reads += 1;
      return Promise.resolve(stored as T | undefined);
    },
    writeStatus: async (cluster: PaxosCluster, status: PaxosClusterStatus): Promise<void> => {
      conflicts -= 1;
      if (conflicts >= 0) {
        const asked = { verb: 'patch', what: 'PaxosCluster n/c' };
        throw new ConflictError(asked, { code: 409, reason: 'Conflict', message: 'it changed' });
      }
      written.push(status);
      stored = { ...cluster, status };
      return Promise.resolve();
    },
  };
  keeper = new FigureKeeper(objects, () => figures);
});

test('what is new is written beside what is there, and nothing is written twice', async () => {
  await keeper.keep(name);
  expect(reads).toBe(0);
  figures = [figure(5)];
  await keeper.keep(name);
  await keeper.keep(name);
  expect(written).toEqual([{ phase: 'Running', witness: [figure(5)] }]);
  expect(reads).toBe(1);
  figures = [figure(6)];
  await keeper.keep(name);
  expect(written[1]).toEqual({ phase: 'Running', witness: [figure(6)] });
});

test('what a look has written already is left alone', async () => {
  figures = [figure(5)];
  stored = { ...storedCluster(), status: { witness: [figure(5)] } };
  await keeper.keep(name);
  expect(written).toEqual([]);
});

test('where somebody else was quicker it is written the next time', async () => {
  figures = [figure(5)];
  conflicts = 1;
  await keeper.keep(name);
  expect(written).toEqual([]);
  await keeper.keep(name);
  expect(written).toHaveLength(1);
});

test('of a cluster that is gone, and one that came in its place, nothing is taken for written', async () => {
  figures = [figure(5)];
  await keeper.keep(name);
  stored = undefined;
  keeper.forget(name);
  await keeper.keep(name);
  stored = storedCluster();
  await keeper.keep(name);
  expect(written).toEqual([{ phase: 'Running', witness: [figure(5)] }, { witness: [figure(5)] }]);
});
