import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Binaries } from './binaries.ts';
import type { Buildah } from './buildah.ts';
import { versions } from './versions.ts';

export const PAUSE_IMAGE = 'localhost/pause:1';
export const COREDNS_IMAGE = `localhost/coredns:${versions.coredns}`;
/** What `nats:…` stands for. */
const NATS_IMAGE = `docker.io/library/nats:${versions.nats}`;

/** An image that is one program. */
interface ProgramImage {
  readonly name: string;
  readonly program: string;
  /** Where the program is in it. */
  readonly inside: string;
  readonly user: string;
}

/**
 * Builds the images that the cache lacks.
 * @returns archives of what every worker has
 */
export async function ensureImageArchives(
  cache: string,
  binaries: Binaries,
  buildah: Buildah,
  say: (line: string) => void,
): Promise<string[]> {
  const images: readonly ProgramImage[] = [
    { name: PAUSE_IMAGE, program: binaries.pause, inside: '/pause', user: '65532:65532' },
    { name: COREDNS_IMAGE, program: binaries.coredns, inside: '/coredns', user: '0:0' },
    { name: NATS_IMAGE, program: binaries.natsServer, inside: '/nats-server', user: '65532:65532' },
  ];
  const archives: string[] = [];
  for (const image of images) {
    const archive = path.join(cache, 'images', `${image.name.replaceAll(/[/:]/g, '_')}.tar`);
    archives.push(archive);
    if (existsSync(archive)) continue;
    say(`building the image ${image.name}, once`);
    await buildProgramImage(image, archive, cache, buildah);
  }
  return archives;
}

async function buildProgramImage(
  { name, program, inside, user }: ProgramImage,
  archive: string,
  cache: string,
  buildah: Buildah,
): Promise<void> {
  const context = await mkdtemp(path.join(cache, 'image-'));
  try {
    const file = path.basename(inside);
    await copyFile(program, path.join(context, file));
    const lines = [
      'FROM scratch',
      `COPY ${file} ${inside}`,
      'ENV PATH=/',
      `USER ${user}`,
      `ENTRYPOINT ["${inside}"]`,
    ];
    await writeFile(path.join(context, 'Dockerfile'), lines.map((line) => `${line}\n`).join(''));
    await buildah.build({ name, context });
    await buildah.save(name, archive);
    await buildah.remove(name);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}
