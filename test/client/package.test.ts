import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/* What an application gets that depends on the client: packed, installed into an empty folder. */

const root = path.resolve();
let folder: string;

const run = (program: string, args: readonly string[]): string =>
  execFileSync(program, args, { cwd: folder, timeout: 120_000, encoding: 'utf8' });

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-package-'));
  const packing = ['pack', '--workspace', 'client', '--silent', '--pack-destination', folder];
  const file = execFileSync('npm', packing, { cwd: root, timeout: 120_000, encoding: 'utf8' });
  const application = { name: 'application', private: true, type: 'module' };
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(application));
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--silent'];
  run('npm', ['install', ...quiet, `./${file.trim().split('\n').at(-1)}`]);
}, 240_000);
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

test('it brings the NATS client and a codec, and nothing of a server', () => {
  const { packages } = JSON.parse(
    fs.readFileSync(path.join(folder, 'package-lock.json'), 'utf8'),
  ) as { packages: Record<string, { readonly optional?: true }> };
  const brought = Object.entries(packages).filter(([name, { optional }]) => name && !optional);
  expect(brought.map(([name]) => name.replace('node_modules/', '')).sort()).toEqual([
    '@synod/client',
    'msgpackr',
    'nats',
    'nkeys.js',
    'tweetnacl',
  ]);
});

const SAYS = `
connect({ natsUrl: 'nats://127.0.0.1:1', cluster: 'local', deadlineMs: 500 }).catch((error) => {
  console.log(error instanceof SynodError, error.code);
});`;

test('an ES module imports it, and another one requires it', () => {
  fs.writeFileSync(
    path.join(folder, 'imports.mjs'),
    `import { connect, SynodError } from '@synod/client';${SAYS}`,
  );
  expect(run('node', ['imports.mjs'])).toBe('true UNREACHABLE\n');
  fs.writeFileSync(
    path.join(folder, 'requires.cjs'),
    `const { connect, SynodError } = require('@synod/client');${SAYS}`,
  );
  expect(run('node', ['--no-warnings', 'requires.cjs'])).toBe('true UNREACHABLE\n');
});

test.each([
  ['nodenext', 'nodenext'],
  ['bundler', 'esnext'],
])(
  'its types are found by a resolution of %s',
  (moduleResolution, module) => {
    fs.writeFileSync(
      path.join(folder, 'typed.ts'),
      `import { chatLog, connect, type ErrorCode, type MemberStatus, SynodError } from '@synod/client';
    const synod = await connect({ natsUrl: 'nats://127.0.0.1:4222', cluster: 'local' });
    const { slot }: { slot: number } = await synod.machine(chatLog).append('hello');
    const members: MemberStatus[] = await synod.admin.status();
    const code: ErrorCode = new SynodError('TIMED_OUT').code;
    // @ts-expect-error it has no such option
    await connect({ natsUrl: 'nats://127.0.0.1:4222', cluster: 'local', nonsense: 1 });
    export { slot, members, code };`,
    );
    const types = path.join(root, 'node_modules/@types');
    const flags = ['--noEmit', '--strict', '--target', 'es2022', '--typeRoots', types];
    const options = ['--module', module, '--moduleResolution', moduleResolution, '--types', 'node'];
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const check = [...flags, ...options, '--skipLibCheck', 'typed.ts'];
    expect(run('node', [tsc, ...check])).toBe('');
  },
  60_000,
);
