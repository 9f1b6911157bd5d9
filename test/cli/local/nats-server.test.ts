import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  cacheFolder,
  findNatsServer,
  NATS_SERVER_VERSION,
} from '../../../cli/src/local/nats-server.ts';

/* Programs are shell scripts here, and a server on loopback plays the release host. */

let home: string;
let server: Server;
let files: Map<string, Buffer>;
let answers: boolean;
let releaseUrl: string;

beforeEach(async () => {
  home = fs.mkdtempSync(path.join(tmpdir(), 'synod-find-'));
  files = new Map();
  answers = true;
  server = createServer((request, response) => {
    const data = files.get(request.url ?? '');
    if (answers) response.writeHead(data === undefined ? 404 : 200).end(data);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  releaseUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/release`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  fs.rmSync(home, { recursive: true });
});

function program(file: string, script: string): string {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

/** A machine with nothing on it but what the test put into its home. */
function environment(more: Record<string, string> = {}): Record<string, string> {
  const bin = path.join(home, 'bin');
  const deadline = { SYNOD_NATS_RELEASE_DEADLINE_MS: '500' };
  return { HOME: home, PATH: bin, SYNOD_NATS_RELEASE_URL: releaseUrl, ...deadline, ...more };
}

const cached = (): string =>
  path.join(cacheFolder(environment()), `nats-server-${NATS_SERVER_VERSION}`);

/** Puts a release on the host. @param sum as the sums file has it; the right one if not given */
function release(sum?: string): void {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const name = `nats-server-v${NATS_SERVER_VERSION}-${process.platform}-${architecture}`;
  program(path.join(home, name, 'nats-server'), 'echo released');
  execFileSync('tar', ['-czf', 'archive.tar.gz', name], { cwd: home });
  const archive = fs.readFileSync(path.join(home, 'archive.tar.gz'));
  const right = createHash('sha256').update(archive).digest('hex');
  files.set(`/release/${name}.tar.gz`, archive);
  const sums = `${'0'.repeat(64)}  another.zip\n${sum ?? right}  ${name}.tar.gz\n`;
  files.set('/release/SHA256SUMS', Buffer.from(sums));
}

test('$NATS_SERVER comes first; when it names no program, that is said', async () => {
  const named = program(path.join(home, 'named'), 'true');
  program(path.join(home, 'bin/nats-server'), 'true');
  expect(await findNatsServer(environment({ NATS_SERVER: named }))).toBe(named);
  await expect(findNatsServer(environment({ NATS_SERVER: `${home}/none` }))).rejects.toThrow(
    `$NATS_SERVER names ${home}/none, which is not a program.`,
  );
});

test('then PATH, then the cache folder', async () => {
  program(cached(), 'true');
  expect(await findNatsServer(environment())).toBe(cached());
  const installed = program(path.join(home, 'bin/nats-server'), 'true');
  expect(await findNatsServer(environment())).toBe(installed);
});

test('then it is fetched from the release, and checked against the sums of the release', async () => {
  program(path.join(home, 'bin/go'), 'exit 1');
  release();
  const found = await findNatsServer(environment());
  expect(found).toBe(cached());
  expect(execFileSync(found).toString()).toBe('released\n');
});

test('then it is built with Go, of the right version, into the cache', async () => {
  const target = `"$GOBIN/nats-server"`;
  const build = `echo '#!/bin/sh' > ${target}; echo "echo $*" >> ${target}; chmod +x ${target}`;
  program(path.join(home, 'bin/go'), `PATH=/usr/bin:/bin\n${build}`);
  const said: string[] = [];
  const found = await findNatsServer(environment(), (what) => said.push(what));
  expect(found).toBe(cached());
  const module = `github.com/nats-io/nats-server/v2@v${NATS_SERVER_VERSION}`;
  expect(execFileSync(found).toString()).toBe(`install ${module}\n`);
  expect(said.join()).toContain('building nats-server');
  fs.rmSync(path.join(home, 'bin/go'));
  expect(await findNatsServer(environment())).toBe(cached());
});

test('a Go toolchain that fails, too, is said, and leaves nothing in the cache', async () => {
  program(path.join(home, 'bin/go'), 'exit 1');
  await expect(findNatsServer(environment())).rejects.toThrow('go install failed');
  expect(fs.existsSync(path.dirname(cached()))).toBe(false);
});

test('an archive with another checksum is refused, and nothing is kept of it', async () => {
  release('f'.repeat(64));
  await expect(findNatsServer(environment())).rejects.toThrow(
    `and the release says ${'f'.repeat(64)}`,
  );
  expect(fs.existsSync(cached())).toBe(false);
});

test.each([
  ['a host that knows nothing', () => undefined, 'the host answered 404'],
  ['a host that is silent', () => (answers = false), 'aborted due to timeout'],
  [
    'sums without the archive',
    () => files.set('/release/SHA256SUMS', Buffer.from('')),
    'does not name nats-server-v',
  ],
])('%s: the error names the ways to get one', async (_, prepare, why) => {
  prepare();
  const error: unknown = await findNatsServer(environment()).catch((error: unknown) => error);
  if (!(error instanceof Error)) throw new Error('it was found');
  expect(error.message).toContain('there is no Go toolchain');
  expect(error.message).toContain(why);
  for (const way of ['$NATS_SERVER', 'Go toolchain', '$SYNOD_NATS_URL']) {
    expect(error.message).toContain(way);
  }
});
