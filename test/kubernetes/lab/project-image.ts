import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Buildah } from './buildah.ts';
import { run } from './command.ts';
import { LabError } from './lab-error.ts';

/**
 * Builds the project's image from the repository's Dockerfile.
 * @param tag like `synod:lab`
 * @returns the archive of it
 */
export async function buildProjectImage(
  tag: string,
  cache: string,
  buildah: Buildah,
): Promise<string> {
  const name = fullNameOf(tag);
  const archive = path.join(cache, 'images', `${name.replaceAll(/[/:]/g, '_')}.tar`);
  const folder = await mkdtemp(path.join(cache, 'npm-'));
  try {
    const files = await registrySettings(folder);
    await buildah.build({ name, context: repository(), files });
    await buildah.save(name, archive);
    await buildah.prune();
    return archive;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a short name means to Kubernetes: `docker.io/library/synod:lab`. */
export function fullNameOf(tag: string): string {
  if (!/^[a-z0-9.\-_/:]+:[\w.-]+$/.test(tag)) {
    throw new LabError(`An image needs a name and a tag, like synod:lab, and not ${tag}.`);
  }
  if (/^([^/]*[.:][^/]*|localhost)\//.test(tag)) return tag;
  return tag.includes('/') ? `docker.io/${tag}` : `docker.io/library/${tag}`;
}

/** This machine's npm settings, for the time of the build: none of them is in the image. */
async function registrySettings(folder: string): Promise<Record<string, string>> {
  const setting = async (key: string): Promise<string> =>
    (await run('npm', ['config', 'get', key], { folder })).trim();
  const user = await setting('userconfig');
  const authorities = await setting('cafile');
  const lines = [existsSync(user) ? readFileSync(user, 'utf8') : ''];
  lines.push(`registry=${await setting('registry')}`);
  const files: Record<string, string> = {};
  if (existsSync(authorities)) {
    lines.push(`cafile=${authorities}`);
    files[authorities] = authorities;
  }
  const configuration = path.join(folder, 'npmrc');
  await writeFile(configuration, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 });
  return { ...files, '/root/.npmrc': configuration };
}

/** The folder of the repository, whether this file was compiled or not. */
function repository(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'Dockerfile'))) {
    const above = path.dirname(folder);
    if (above === folder) throw new LabError('There is no Dockerfile in the repository.');
    folder = above;
  }
  return folder;
}
