#!/usr/bin/env node
import { WORKERS, type Worker } from './addresses.ts';
import { CommandError, runOnTerminal } from './command.ts';
import type { PodName } from './faults.ts';
import { LabError } from './lab-error.ts';
import { Lab } from './lab.ts';

const DEFAULT_TAG = 'synod:lab';

const usage = `A Kubernetes of three workers on this machine. Usage: npm run lab -- COMMAND

  programs                  builds what it runs, once; "up" does so, too
  up                        everything that is not up yet
  down                      ends it; nothing is left but the cache
  status                    what runs
  kubectl ARGUMENT…         kubectl, as the administrator
  helm ARGUMENT…            helm, as the administrator
  image [NAME:TAG]          builds the Dockerfile's image for all workers; ${DEFAULT_TAG} without a name
  fault FAULT ARGUMENT…     does something to the cluster:
    stop-node WORKER | start-node WORKER       kubelet and containerd
    cut WORKER | mend WORKER                   its network cable
    lose WORKER                                the whole machine, at once
    boot WORKER [new-disk]                     a lost one comes back
    stop-api | start-api                       the API server is away
    freeze-api | thaw-api                      the API server hangs
    kill NAMESPACE/POD [CONTAINER]             kill -9 of its main process
    signal SIGNAL NAMESPACE/POD [CONTAINER]    another signal
    net NAMESPACE/POD PROGRAM ARGUMENT…        runs a program in its network
    renew-volumes                              released volumes: empty and available again
    wipe-volume V | lose-volume V | damage-volume V
`;

type Command = (lab: Lab, args: readonly string[]) => Promise<number>;

/** A command that has nothing to say but that it is done. */
const done =
  (act: (lab: Lab, args: readonly string[]) => unknown): Command =>
  async (lab, args) => {
    await act(lab, args);
    return 0;
  };

const faults: Readonly<Record<string, Command>> = {
  'stop-node': done((lab, [name]) => lab.faults.stopNode(worker(name))),
  'start-node': done((lab, [name]) => lab.faults.startNode(worker(name))),
  cut: done((lab, [name]) => lab.faults.cutWorker(worker(name))),
  mend: done((lab, [name]) => lab.faults.mendWorker(worker(name))),
  lose: done((lab, [name]) => lab.faults.loseWorker(worker(name))),
  boot: done((lab, [name, disk]) =>
    lab.faults.bootWorker(worker(name), disk === 'new-disk' ? 'new' : 'kept'),
  ),
  'stop-api': done((lab) => lab.faults.stopApiServer()),
  'start-api': done((lab) => lab.faults.startApiServer()),
  'freeze-api': done((lab) => lab.faults.freezeApiServer()),
  'thaw-api': done((lab) => lab.faults.thawApiServer()),
  kill: done((lab, [name, container]) => lab.faults.killPod(pod(name), container)),
  signal: done((lab, [signal, name, container]) =>
    lab.faults.signalPod(pod(name), signal as NodeJS.Signals, container),
  ),
  net: done(async (lab, [name, program, ...args]) => {
    if (program === undefined) throw new LabError('Name the program to run.');
    process.stdout.write(await lab.faults.inPodNetwork(pod(name), program, args));
  }),
  'renew-volumes': done(async (lab) => print(await lab.volumes.renew())),
  'wipe-volume': done((lab, [name]) => lab.volumes.wipe(given(name, 'volume'))),
  'lose-volume': done((lab, [name]) => lab.volumes.lose(given(name, 'volume'))),
  'damage-volume': done((lab, [name]) => print(lab.volumes.damage(given(name, 'volume')))),
};

const commands: Readonly<Record<string, Command>> = {
  programs: done((lab) => lab.buildPrograms()),
  up: done((lab) => lab.up()),
  down: done((lab) => lab.down()),
  status: done(async (lab) => print(await lab.status())),
  kubectl: (lab, args) => runOnTerminal(lab.binaries.kubectl, args, { KUBECONFIG: lab.kubeconfig }),
  helm: (lab, args) => runOnTerminal(lab.binaries.helm, args, { KUBECONFIG: lab.kubeconfig }),
  image: done((lab, [tag]) => lab.buildImage(tag ?? DEFAULT_TAG)),
  fault: (lab, [name, ...args]) => {
    const fault = faults[name ?? ''];
    if (fault === undefined) throw new LabError(`There is no fault ${name ?? 'without a name'}.`);
    return fault(lab, args);
  },
};

function worker(name: string | undefined): Worker {
  const known = WORKERS.find((candidate) => candidate === name);
  if (known === undefined) throw new LabError(`Name one of ${WORKERS.join(', ')}.`);
  return known;
}

function pod(name: string | undefined): PodName {
  const [namespace, pod] = given(name, 'pod').split('/');
  if (namespace === undefined || pod === undefined) throw new LabError('Name it NAMESPACE/POD.');
  return { namespace, pod };
}

function given(value: string | undefined, what: string): string {
  if (value === undefined) throw new LabError(`Name the ${what}.`);
  return value;
}

function print(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

async function main(): Promise<number> {
  const [name, ...args] = process.argv.slice(2);
  const command = commands[name ?? ''];
  if (command === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  const begin = performance.now();
  const say = (line: string): void => {
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    process.stderr.write(`lab ${seconds.padStart(6)} s  ${line}\n`);
  };
  try {
    return await command(new Lab(say), args);
  } catch (error) {
    if (!(error instanceof LabError || error instanceof CommandError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

process.exitCode = await main();
