import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { readSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { WORKERS, type Worker } from './addresses.ts';
import { run } from './command.ts';
import type { Kubectl } from './kubectl.ts';
import { LabError } from './lab-error.ts';
import type { Machine } from './machine.ts';

/** The default class. */
export const STORAGE_CLASS = 'local';
const VOLUMES_OF_A_WORKER = 8;
/** Where a worker has them. */
const FOLDER = '/var/volumes';

/** A volume of the pool. */
interface Volume {
  readonly name: string;
  readonly worker: Worker;
  readonly capacity: string;
  /** Its path on the worker. */
  readonly path: string;
}

interface PersistentVolume {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status: { readonly phase: string };
}

/** The whole pool; five of each worker's volumes have 8 GiB, three have 1 GiB. */
const pool: readonly Volume[] = WORKERS.flatMap((worker) =>
  Array.from({ length: VOLUMES_OF_A_WORKER }, (_, index) => ({
    name: `${worker}-${index}`,
    worker,
    capacity: index < 5 ? '8Gi' : '1Gi',
    path: `${FOLDER}/${index}`,
  })),
);

/** Makes the folders that a worker lacks. */
export function makeVolumeFolders(machine: Machine): void {
  for (const { worker, path: inside } of pool) {
    if (worker === machine.name) mkdirSync(onHost(machine, inside), { recursive: true });
  }
}

/** Local volumes of the workers: nothing provides them but the lab. */
export class Volumes {
  readonly #kubectl: Kubectl;
  readonly #machines: ReadonlyMap<Worker, Machine>;

  constructor(kubectl: Kubectl, machines: ReadonlyMap<Worker, Machine>) {
    this.#kubectl = kubectl;
    this.#machines = machines;
  }

  /** Creates the class and the volumes that there are not. */
  async ensure(): Promise<void> {
    await this.#kubectl.apply([storageClass, ...pool.map(persistentVolume)]);
  }

  /**
   * Makes released and failed volumes available anew: empty ones, of the same names.
   * @returns their names
   */
  async renew(): Promise<string[]> {
    const { items } = await this.#kubectl.get<{ items: PersistentVolume[] }>('persistentvolumes');
    const used = items.filter(({ status }) => ['Released', 'Failed'].includes(status.phase));
    const present = new Set(items.map(({ metadata }) => metadata.name));
    const spent = pool.filter(
      ({ name }) => used.some(({ metadata }) => metadata.name === name) || !present.has(name),
    );
    for (const volume of spent) {
      const deletion = ['delete', 'persistentvolume', volume.name];
      await this.#kubectl.run([...deletion, '--ignore-not-found', '--timeout', '20s']);
      this.lose(volume.name);
      mkdirSync(this.folder(volume.name), { recursive: true });
    }
    if (spent.length > 0) await this.#kubectl.apply(spent.map(persistentVolume));
    return spent.map(({ name }) => name);
  }

  /** The volume that a claim is bound to. */
  async of(namespace: string, claim: string): Promise<string> {
    const { spec } = await this.#kubectl.get<{ spec: { volumeName?: string } }>(
      ...['--namespace', namespace, 'persistentvolumeclaim', claim],
    );
    if (spec.volumeName === undefined) throw new LabError(`The claim ${claim} has no volume yet.`);
    return spec.volumeName;
  }

  /** The folder that holds it, on the host. */
  folder(name: string): string {
    const { worker, path: inside } = volumeOf(name);
    return onHost(this.#machines.get(worker)!, inside);
  }

  /** Takes the folder itself away: a disk that is gone. */
  lose(name: string): void {
    rmSync(this.folder(name), { recursive: true, force: true });
  }

  /** Takes away what is in it: a new disk in the place of the old one. */
  wipe(name: string): void {
    const folder = this.folder(name);
    for (const entry of readdirSync(folder)) rmSync(path.join(folder, entry), { recursive: true });
  }

  /** Keeps a copy of what is in it, in the place of an older one. */
  async snapshot(name: string): Promise<void> {
    const folder = this.folder(name);
    rmSync(snapshotOf(folder), { recursive: true, force: true });
    await run('cp', ['--archive', folder, snapshotOf(folder)]);
  }

  /** Puts back what was in it when its copy was made. */
  async putBack(name: string): Promise<void> {
    const folder = this.folder(name);
    this.wipe(name);
    await run('cp', ['--archive', `${snapshotOf(folder)}/.`, folder]);
    rmSync(snapshotOf(folder), { recursive: true });
  }

  /**
   * Turns a bit over in the middle of each file that is chosen.
   * @param choose given the path of a file in the volume
   * @returns the files that it damaged
   */
  damage(name: string, choose: (file: string) => boolean = () => true): string[] {
    const folder = this.folder(name);
    const damaged = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => {
      const stat = statSync(path.join(folder, file));
      return stat.isFile() && stat.size > 0 && choose(file);
    });
    for (const file of damaged) turnBit(path.join(folder, file));
    return damaged;
  }
}

function snapshotOf(folder: string): string {
  return `${folder}-snapshot`;
}

function turnBit(file: string): void {
  const descriptor = openSync(file, 'r+');
  try {
    const position = Math.floor(statSync(file).size / 2);
    const byte = Buffer.alloc(1);
    readSync(descriptor, byte, 0, 1, position);
    byte[0] = byte[0]! ^ 1;
    writeSync(descriptor, byte, 0, 1, position);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function volumeOf(name: string): Volume {
  const volume = pool.find((candidate) => candidate.name === name);
  if (volume === undefined) throw new LabError(`The lab has no volume ${name}.`);
  return volume;
}

function onHost(machine: Machine, inside: string): string {
  return path.join(machine.var, path.relative('/var', inside));
}

const storageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: {
    name: STORAGE_CLASS,
    annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
  },
  provisioner: 'kubernetes.io/no-provisioner',
  volumeBindingMode: 'WaitForFirstConsumer',
};

function persistentVolume({ name, worker, capacity, path: inside }: Volume): object {
  const hostname = { key: 'kubernetes.io/hostname', operator: 'In', values: [worker] };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: capacity },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: STORAGE_CLASS,
      local: { path: inside },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } },
    },
  };
}
