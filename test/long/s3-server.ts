import { execFile, spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../cli/src/local/nats-server.ts';
import { freePorts } from '../journeys/cli-run.ts';
import { until } from '../journeys/test-cluster.ts';

const VERSION = '1.8.0';
const PACKAGE = `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`;
const BUILD_MS = 600_000;

/** A real server of S3, which keeps each object in a file: built once, into the cache folder. */
async function findProgram(): Promise<string> {
  const program = path.join(cacheFolder(process.env), `versitygw-${VERSION}`);
  if (fs.existsSync(program)) return program;
  const folder = `${program}.build-${process.pid}`;
  const env = { ...process.env, GOBIN: folder, GOFLAGS: '', CGO_ENABLED: '0' };
  const args = ['install', '-ldflags', '-s -w', PACKAGE];
  await promisify(execFile)('go', args, { env, timeout: BUILD_MS });
  fs.renameSync(path.join(folder, 'versitygw'), program);
  fs.rmSync(folder, { recursive: true });
  return program;
}

export class S3Server {
  readonly #folder: string;
  readonly #port: number;
  readonly #child: ChildProcess;
  #log = '';

  private constructor(folder: string, port: number, program: string) {
    this.#folder = folder;
    this.#port = port;
    const users = ['--access', 'user', '--secret', 'password'];
    const where = ['--port', `127.0.0.1:${port}`, '--health', '/health'];
    const disk = ['posix', '--sidecar', this.#sidecar, this.#data];
    fs.mkdirSync(this.#data, { recursive: true });
    fs.mkdirSync(this.#sidecar);
    this.#child = spawn(program, [...users, ...where, ...disk], { stdio: 'pipe' });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
    }
  }

  static async start(folder: string): Promise<S3Server> {
    const program = await findProgram();
    const [port = 0] = await freePorts(1);
    const server = new S3Server(folder, port, program);
    await until('S3 answers', async () => {
      if (server.#child.exitCode !== null) throw new Error(`it ended: ${server.#log}`);
      const answer = await fetch(`${server.url}/health`).catch(() => undefined);
      return answer?.ok === true ? true : undefined;
    });
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL_S3: this.url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'user',
      AWS_SECRET_ACCESS_KEY: 'password',
    };
  }

  /** Where it has an object on disk. */
  fileOf(bucket: string, key: string): string {
    return path.join(this.#data, bucket, key);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill();
    await ended;
  }

  get #data(): string {
    return path.join(this.#folder, 'buckets');
  }

  get #sidecar(): string {
    return path.join(this.#folder, 'about');
  }
}
