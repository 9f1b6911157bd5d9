import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.ts';

const BUILD_DEADLINE_MS = 600_000;

interface BuildOptions {
  /** The full name that it gets. */
  readonly name: string;
  /** The folder that the instructions copy from. */
  readonly context: string;
  /** The Dockerfile; the one in `context` without it. */
  readonly file?: string;
  /** What is there during the build alone: a file of the host, by the path that it has in it. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Builds images without a daemon; its storage is in the cache. */
export class Buildah {
  readonly #folder: string;

  constructor(cache: string) {
    this.#folder = path.join(cache, 'buildah');
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(this.#policy, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }));
  }

  async build({ name, context, file, files = {} }: BuildOptions): Promise<void> {
    const volumes = Object.entries(files).map(([inside, outside]) => `${outside}:${inside}:ro`);
    await this.#run('build', [
      ...['--tag', name, '--pull-never', '--network', 'host', '--layers=false'],
      ...['--signature-policy', this.#policy],
      ...volumes.flatMap((volume) => ['--volume', volume]),
      ...(file === undefined ? [] : ['--file', file]),
      context,
    ]);
  }

  /** Writes an image into an archive, which has its name when it is whole. */
  async save(name: string, archive: string): Promise<void> {
    mkdirSync(path.dirname(archive), { recursive: true });
    const part = `${archive}.part-${process.pid}`;
    rmSync(part, { force: true });
    const target = `docker-archive:${part}:${name}`;
    await this.#run('push', ['--signature-policy', this.#policy, name, target]);
    renameSync(part, archive);
  }

  async has(name: string): Promise<boolean> {
    const names = await this.#run('images', ['--format', '{{.Name}}:{{.Tag}}']);
    return names.split('\n').includes(name);
  }

  /** Gives an image one more name; another image loses it. */
  async tag(name: string, further: string): Promise<void> {
    await this.#run('tag', [name, further]);
  }

  /** Removes images without a name: what a build replaced. */
  async prune(): Promise<void> {
    await this.#run('rmi', ['--prune', '--force']);
  }

  async remove(name: string): Promise<void> {
    await this.#run('rmi', ['--force', name]);
  }

  get #policy(): string {
    return path.join(this.#folder, 'policy.json');
  }

  #run(command: string, args: readonly string[]): Promise<string> {
    const storage = path.join(this.#folder, 'storage');
    const places = ['--root', storage, '--runroot', path.join(this.#folder, 'run')];
    return run('buildah', [...places, command, ...args], {
      deadlineMs: BUILD_DEADLINE_MS,
      environment: { STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' },
    });
  }
}
