import { cp, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Buildah } from './buildah.ts';
import { run } from './command.ts';
import { versions } from './versions.ts';

/** What the repository's Dockerfile builds on by default. */
export const BASE_IMAGE = `docker.io/library/node:${versions.node.split('.')[0]}-bookworm-slim`;
const DEBIAN_DEADLINE_MS = 300_000;
const NODE_DEADLINE_MS = 300_000;
/** Of the packages; every worker unpacks what is in the image. */
const unread = ['/usr/share/doc', '/usr/share/man', '/usr/share/info', '/usr/share/locale'];
const libraries = ['ca-certificates', 'libstdc++6', 'libatomic1'];

/**
 * Makes the image that stands for the one of the Dockerfile's `FROM`, under the same name: Debian
 * with that Node, from the registry of npm, and this machine's npm. So the Dockerfile is tested as
 * it is.
 */
export async function ensureBaseImage(
  cache: string,
  buildah: Buildah,
  say: (line: string) => void,
): Promise<void> {
  const key = `localhost/base:debian-12-node-${versions.node}`;
  if (!(await buildah.has(key))) await build(key, cache, buildah, say);
  await buildah.tag(key, BASE_IMAGE);
}

async function build(
  name: string,
  cache: string,
  buildah: Buildah,
  say: (line: string) => void,
): Promise<void> {
  say(`building a base image in the place of ${BASE_IMAGE}, once`);
  const context = await mkdtemp(path.join(cache, 'image-'));
  try {
    const root = path.join(context, 'root.tar');
    const include = `--include=${libraries.join(',')}`;
    const exclude = unread.map((folder) => `--dpkgopt=path-exclude=${folder}/*`);
    await run('mmdebstrap', ['--variant=minbase', include, ...exclude, 'bookworm', root], {
      deadlineMs: DEBIAN_DEADLINE_MS,
    });
    await fetchNode(context);
    const npm = path.resolve(await realpath(await which('npm')), '../..');
    await cp(npm, path.join(context, 'npm'), { recursive: true, verbatimSymlinks: true });
    for (const folder of ['docs', 'man']) {
      await rm(path.join(context, 'npm', folder), { recursive: true, force: true });
    }
    const modules = '/usr/local/lib/node_modules';
    const lines = [
      'FROM scratch',
      'ADD root.tar /',
      'COPY node /usr/local/bin/node',
      `COPY npm ${modules}/npm`,
      `RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm`,
      'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'CMD ["node"]',
    ];
    await writeFile(path.join(context, 'Dockerfile'), lines.map((line) => `${line}\n`).join(''));
    await buildah.build({ name, context });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** Puts the program `node` into a folder. */
async function fetchNode(folder: string): Promise<void> {
  const name = `node-${process.platform}-${process.arch}@${versions.node}`;
  const packing = ['pack', '--silent', '--pack-destination', folder, name];
  const file = path.join(
    folder,
    (await run('npm', packing, { deadlineMs: NODE_DEADLINE_MS })).trim(),
  );
  await run('tar', ['-xzf', file, '-C', folder, '--strip-components=2', 'package/bin/node']);
  await rm(file);
}

async function which(program: string): Promise<string> {
  return (await run('which', [program])).trim();
}
