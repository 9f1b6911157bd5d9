import { copyFile, cp, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Buildah } from './buildah.ts';
import { run } from './command.ts';

/** What the repository's Dockerfile builds on by default. */
export const BASE_IMAGE = 'docker.io/library/node:20-bookworm-slim';
const DEBIAN_DEADLINE_MS = 300_000;
/** Of the packages; every worker unpacks what is in the image. */
const unread = ['/usr/share/doc', '/usr/share/man', '/usr/share/info', '/usr/share/locale'];
const libraries = ['ca-certificates', 'libstdc++6', 'libatomic1'];

/**
 * Makes the image that stands for the one of the Dockerfile's `FROM`, under the same name: Debian
 * with this machine's Node and npm. So the Dockerfile is tested as it is.
 */
export async function ensureBaseImage(
  cache: string,
  buildah: Buildah,
  say: (line: string) => void,
): Promise<void> {
  // A newer Node on this machine is another image.
  const key = `localhost/base:debian-12-node-${process.versions.node}`;
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
    await copyFile(process.execPath, path.join(context, 'node'));
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

async function which(program: string): Promise<string> {
  return (await run('which', [program])).trim();
}
