import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';

/** Archives of images that a lab's workers have beside those that every lab has. */
export class ImportedArchives {
  readonly #folder: string;

  constructor(lab: string) {
    this.#folder = path.join(lab, 'images');
  }

  get archives(): string[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder).map((name) => readlinkSync(path.join(this.#folder, name)));
  }

  add(archive: string): void {
    mkdirSync(this.#folder, { recursive: true });
    const link = path.join(this.#folder, path.basename(archive));
    rmSync(link, { force: true });
    symlinkSync(archive, link);
  }
}
