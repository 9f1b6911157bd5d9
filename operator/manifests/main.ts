import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generated, type Generated } from './generated.ts';
import { findHelm } from './helm.ts';
import { plainManifests } from './plain.ts';

/* `npm run manifests`: writes everything of charts/ and k8s/ that is generated. */

const root = path.resolve('.');

function write({ file, text }: Generated): void {
  const target = path.join(root, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, text);
  process.stdout.write(`${file}\n`);
}

generated(root).forEach(write);
// The chart that is rendered has what was written before.
write(plainManifests(root, findHelm()));
