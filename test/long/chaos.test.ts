import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { experimentOf } from '../../cli/src/chaos/experiments.ts';
import { LocalTarget } from '../../cli/src/chaos/local-target.ts';
import type { ChaosReport } from '../../cli/src/chaos/report.ts';
import { runExperiment } from '../../cli/src/chaos/run.ts';
import { timeLine } from '../../cli/src/chaos/time-line.ts';
import type { Members } from '../../client/src/members.ts';
import { NODE_PROGRAM } from '../journeys/test-cluster.ts';

/** In the project: what is built there finds its packages. */
const built = path.resolve('build');
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
});

function temporary(): string {
  fs.mkdirSync(built, { recursive: true });
  const folder = fs.mkdtempSync(path.join(built, 'chaos-'));
  folders.push(folder);
  return folder;
}

interface Plant {
  /** Below `dist`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A node with a fault in its program. */
function planted(...plants: readonly Plant[]): string {
  const folder = temporary();
  fs.cpSync('dist', folder, { recursive: true });
  for (const { file, from, to } of plants) {
    const text = fs.readFileSync(path.join(folder, file), 'utf8');
    expect(text.split(from)).toHaveLength(2);
    fs.writeFileSync(path.join(folder, file), text.replace(from, to));
  }
  return path.join(folder, 'node/src/main.js');
}

function ailmentOf({ leader, members }: Members): string | undefined {
  const areReady = members.every(({ status }) => status?.ready === true);
  return leader !== undefined && areReady ? undefined : 'not all are ready';
}

/** How fast it is belongs into a benchmark: much may run beside it. */
async function run(name: string, program = NODE_PROGRAM): Promise<ChaosReport> {
  const experiment = experimentOf(name);
  if (experiment === undefined) throw new Error(`there is no experiment ${name}`);
  const { signal } = new AbortController();
  const unhurried = { ...experiment, mostStopMs: Infinity };
  const say = (): void => undefined;
  return LocalTarget.with({ folder: temporary(), ailmentOf, signal, program }, (target) =>
    runExperiment({ target, experiment: unhurried, say, leastPerSecond: 20 }),
  );
}

test.each(['kill-leader', 'pause-leader', 'kill-all'])('%s passes, and is drawn', async (name) => {
  const report = await run(name);
  expect(report.complaints).toEqual([]);
  expect(report).toMatchObject({ experiment: name, passed: true });
  expect(report.writes).toBeGreaterThan(100);
  expect(report.reads).toBeGreaterThan(50);
  const svg = timeLine(report);
  for (const { what } of report.happenings) expect(svg).toContain(what);
});

test('a cluster that runs a command again fails', async () => {
  const filter = {
    file: 'node/src/machine/session.js',
    from: 'if (this.reply(number + i) === undefined)',
    to: '',
  };
  // Else it is luck whether a client has to send one again.
  const answer = 'this.#parts.requests.answer(applied);';
  const lost = {
    file: 'node/src/service/performer.js',
    from: answer,
    to: `if (slot % 50 > 0) ${answer}`,
  };
  const report = await run('transfer', planted(filter, lost));
  expect(report.passed).toBe(false);
  expect(report.complaints.join('\n')).toContain('an add ran more than once');
});

test('a cluster that reads what is old fails', async () => {
  const read = 'return tables.get(REGISTERS, parsed.register) ?? NEVER_ADDED;';
  const cached = `globalThis.seen ??= new Map();
    if (!seen.has(parsed.register)) seen.set(parsed.register, tables.get(REGISTERS, parsed.register));
    return seen.get(parsed.register) ?? NEVER_ADDED;`;
  const cache = { file: 'machines/src/counter/machine.js', from: read, to: cached };
  const report = await run('kill-follower', planted(cache));
  expect(report.passed).toBe(false);
  expect(report.complaints.join('\n')).toMatch(/was answered before a read of \d+ was called/);
});

test('Ctrl-C leaves nothing behind, and NATS of others is not used', async () => {
  const folder = temporary();
  const args = [path.resolve('dist/cli/src/main.js'), 'chaos', 'run', 'nats-away'];
  const env = { ...process.env, SYNOD_NATS_URL: 'nats://127.0.0.1:1' };
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (said.endsWith('  NATS hangs\n')) child.kill('SIGINT');
  });
  expect(await ended).toEqual([1, null]);
  expect(said).toContain('The experiment was interrupted.');
  expect(fs.readdirSync(folder)).toEqual([]);
});
