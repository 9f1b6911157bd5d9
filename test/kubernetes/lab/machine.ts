import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { run, type CommandOptions } from './command.ts';
import { until } from './deadline.ts';
import { LabError } from './lab-error.ts';
import { networkNamespaceOf } from './network.ts';
import { RecordedProcess } from './recorded-process.ts';

const BOOT_DEADLINE_MS = 10_000;
const PROGRAM_FOLDERS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * A machine of the lab: namespaces of its own for network, processes, mounts and host name, a /var
 * that is kept, and a /run that is not. They last as long as its first process: whatever runs or is
 * mounted on it goes with that one, at once, as when the power fails.
 */
export class Machine {
  readonly name: string;
  /** Its disk, and records of what runs on it. */
  readonly folder: string;
  readonly #logs: string;

  constructor(name: string, lab: string) {
    this.name = name;
    this.folder = path.join(lab, name);
    this.#logs = path.join(lab, 'log');
  }

  /** The folder that is /var on it, as the host sees it: without what is mounted there. */
  get var(): string {
    return path.join(this.folder, 'var');
  }

  /** The host's id of its first process. */
  get init(): number | undefined {
    const pid = this.#first.child;
    return pid !== undefined && nameOf(pid) === 'pause' ? pid : undefined;
  }

  get isUp(): boolean {
    return this.init !== undefined;
  }

  /** Boots it unless it is up. Its network namespace has to be there. */
  async boot(pause: string): Promise<void> {
    if (this.isUp) return;
    await this.kill();
    for (const folder of ['lib', 'log', 'tmp']) {
      mkdirSync(path.join(this.var, folder), { recursive: true });
    }
    rmSync(path.join(this.var, 'run'), { force: true });
    symlinkSync('/run', path.join(this.var, 'run'));
    const script = [
      'set -e',
      `mount --bind "${this.var}" /var`,
      'mount -t tmpfs -o mode=755 tmpfs /run',
      'mkdir -p /run/netns /run/lock',
      // Volumes are mounted into pods that run already.
      'mount --make-rshared /',
      `hostname ${this.name}`,
      `exec "${pause}"`,
    ].join('\n');
    const own = ['--mount', '--propagation', 'private', '--uts', '--pid', '--mount-proc'];
    const net = `--net=/run/netns/${networkNamespaceOf(this.name)}`;
    this.#first.start('nsenter', [
      net,
      'unshare',
      ...own,
      '--fork',
      '--kill-child',
      'bash',
      '-c',
      script,
    ]);
    await until(`${this.name} was up, see ${this.#logs}`, BOOT_DEADLINE_MS, () => this.isUp);
  }

  /** Starts a program that goes on running; does nothing when it does already. */
  start(component: string, program: string, args: readonly string[]): void {
    const clean = ['env', '-i', `PATH=${PROGRAM_FOLDERS}`, 'HOME=/root', program];
    this.process(component).start('nsenter', [...this.#enter(), ...clean, ...args]);
  }

  process(component: string): RecordedProcess {
    return new RecordedProcess(
      path.join(this.folder, 'processes', `${component}.json`),
      path.join(this.#logs, `${this.name}-${component}.log`),
    );
  }

  /** The programs that were started on it, running or not. */
  get components(): string[] {
    try {
      return readdirSync(path.join(this.folder, 'processes'))
        .map((file) => path.basename(file, '.json'))
        .filter((component) => component !== 'init');
    } catch {
      return [];
    }
  }

  /** Runs a command on it, to its end. */
  run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return run('nsenter', [...this.#enter(), program, ...args], options);
  }

  /** Ends it and all that runs on it, at once; its disk stays. */
  async kill(): Promise<void> {
    await this.#first.kill();
    for (const component of this.components) await this.process(component).kill();
  }

  get #first(): RecordedProcess {
    return this.process('init');
  }

  #enter(): string[] {
    const { init } = this;
    if (init === undefined) throw new LabError(`${this.name} is down.`);
    return ['--target', String(init), '--mount', '--uts', '--pid', '--net'];
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}
