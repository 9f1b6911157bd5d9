import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { alarmCodes } from '../contract/src/alarms.ts';
import { errors, exitCodes } from '../contract/src/error-codes.ts';
import { VERSION } from '../contract/src/version.ts';
import { experiments } from '../cli/src/chaos/experiments.ts';
import { NATS_SERVER_VERSION } from '../cli/src/local/nats-server.ts';
import { Metrics } from '../node/src/metrics/metrics.ts';
import { specSchema } from '../operator/src/api/spec.ts';
import { Metrics as OperatorMetrics } from '../operator/src/metrics.ts';
import { cliProgram, freePorts, inWorkingFolder, synod } from './journeys/cli-run.ts';
import { until } from './journeys/test-cluster.ts';

/* What the documentation promises is there. */

const root = path.resolve('.');
const pages = execFileSync('git', [
  'ls-files',
  '--cached',
  '--others',
  '--exclude-standard',
  '*.md',
])
  .toString()
  .split('\n')
  .filter((name) => name !== '');

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

function read(page: string): string {
  return readFileSync(path.join(root, page), 'utf8');
}

/** The code blocks of a page in one language. */
function blocks(page: string, language: string): string[] {
  const found = read(page).matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'));
  return [...found].map(([, code = '']) => code);
}

/** The first cells of the tables of a page that are code. */
function firstCells(page: string): string[] {
  return [...read(page).matchAll(/^\|\s*`([^`]+)`/gm)].map(([, cell = '']) => cell);
}

function anchors(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test('the page on chaos has every experiment, and what it allows', () => {
  const rows = [...read('docs/chaos.md').matchAll(/^\| `([a-z-]+)`.*\| ([\d.]+) s +\|$/gm)];
  const shown = rows.map(([, name = '', seconds = '']) => [name, Number(seconds) * 1000]);
  expect(shown).toEqual(experiments.map(({ name, mostStopMs }) => [name, mostStopMs]));
});

test('the recording of the tutorial shows what the tutorial says', () => {
  const shown = [...read('docs/pictures/tutorial.svg').matchAll(/>\$ (npx synod [a-z]+)/g)];
  const commands = new Set(shown.map(([, command = '']) => command));
  const tutorial = read('docs/tutorial.md');
  expect(commands.size).toBeGreaterThan(5);
  expect([...commands].filter((command) => !tutorial.includes(command))).toEqual([]);
});

test.each(pages)('the links of %s lead somewhere', (page) => {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const broken = links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? page : path.join(path.dirname(page), file);
    if (!existsSync(path.join(root, target))) return true;
    return anchor !== undefined && !anchors(target).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test('docs/errors.md has every code, and no other', () => {
  const cells = firstCells('docs/errors.md');
  expect(cells.sort()).toEqual(Object.keys(errors).sort());
  for (const code of Object.values(exitCodes)) {
    expect(read('docs/errors.md')).toMatch(new RegExp(`^\\|\\s*${code}\\s*\\|`, 'm'));
  }
});

test('docs/alarms.md has every alarm, and no other', () => {
  const cells = firstCells('docs/alarms.md');
  expect(cells.sort()).toEqual([...alarmCodes].sort());
});

test('docs/metrics.md has every metric with its help', async () => {
  const node = new Metrics({ version: '0', cluster: 'c', member: 'm', process: false });
  const operator = new OperatorMetrics('0', false);
  const text = `${await node.text()}\n${await operator.text()}`;
  const helps = [...text.matchAll(/^# HELP (\S+) (.*)$/gm)];
  expect(helps.length).toBeGreaterThan(30);
  expect(firstCells('docs/metrics.md').sort()).toEqual(helps.map(([, name]) => name).sort());
  const page = read('docs/metrics.md');
  for (const [, , help = ''] of helps) expect(page).toContain(help);
});

test('docs/running.md has every flag of a node, its variable and its default', () => {
  const main = path.join(root, 'dist/node/src/main.js');
  const help = execFileSync(process.execPath, [main, '--help']).toString();
  const rows = read('docs/running.md').split('\n');
  const flags = [...help.matchAll(/^ {2}(--\S+) +(SYNOD_\S+) .*?(?:\[(.*)\])?$/gm)];
  expect(flags.length).toBeGreaterThan(10);
  for (const [, flag = '', variable = '', fallback = ''] of flags) {
    const row = rows.find((each) => each.startsWith(`| \`${flag}\``)) ?? `no row for ${flag}`;
    expect(row).toContain(`\`${variable}\``);
    expect(row).toContain(fallback);
  }
});

test('docs/running.md has every command and every flag of the CLI', async () => {
  const page = read('docs/running.md');
  const { stdout } = await synod(['--help'], { cwd: root });
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) (?:\[options\]|<| {2})/gm)];
  const names = commands.map(([, name = '']) => name).filter((name) => name !== 'help');
  expect(names).toHaveLength(15);
  for (const name of names) {
    expect(page).toContain(`synod ${name}`);
    const help = await synod([name, '--help'], { cwd: root });
    for (const [, flag = ''] of help.stdout.matchAll(/^ {2}(--[a-z-]+)/gm)) {
      expect(page).toContain(flag);
    }
  }
}, 60_000);

test('the PaxosCluster of docs/backup.md is one', () => {
  const [example = ''] = blocks('docs/backup.md', 'yaml');
  const { spec } = parse(example) as { spec: unknown };
  expect(specSchema.strict().safeParse(spec).error).toBeUndefined();
});

test('the commands of the README are there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const commands = blocks('README.md', 'sh').join('');
  expect(commands).toContain('npm ci && npm start');
  expect(commands).toContain('npm ci && npm test');
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['start', 'test', 'bench']));
});

test('the README leads to every page of docs/', () => {
  const readme = read('README.md');
  const missing = pages.filter(
    (page) => /^docs\/[^/]+$/.test(page) && !readme.includes(`(${page})`),
  );
  expect(missing).toEqual([]);
});

test('the figures of README and docs/why-and-when.md are those of docs/benchmark.md', () => {
  const measured = read('docs/benchmark.md');
  const figures = ['11,700', '3,700', '566', '386', '202 ms', '114', '172 MiB', '20.20'];
  for (const figure of figures) {
    expect(measured).toContain(figure);
    expect(read('docs/why-and-when.md')).toContain(figure);
  }
  expect(measured).toContain('208 MiB');
  expect(read('README.md')).toContain('208 MiB');
});

test('the versions of docs/why-and-when.md are those of the sources', () => {
  const page = read('docs/why-and-when.md');
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
  expect(page).toContain(`${engines.node.replace('>=', '')} or newer`);
  const [, image = 'no version'] = /node:(\d+)-/.exec(read('Dockerfile')) ?? [];
  expect(page).toContain(`the image uses Node.js ${image}`);
  expect(page).toContain(NATS_SERVER_VERSION);
  expect(read('docs/running.md')).toContain(NATS_SERVER_VERSION);
});

test('the programs that docs/tutorial.md runs are examples', () => {
  const commands = blocks('docs/tutorial.md', 'sh').join('');
  const programs = [...commands.matchAll(/dist\/examples\/([a-z-]+)\.js/g)];
  expect(programs.length).toBeGreaterThan(2);
  for (const [, name = ''] of programs) expect(existsSync(`examples/${name}.ts`)).toBe(true);
});

test('CONTRIBUTING.md says why each dependency of every package is there, and names no other', () => {
  const { workspaces } = JSON.parse(read('package.json')) as { workspaces: string[] };
  const found = ['.', ...workspaces].flatMap((folder) => {
    const manifest = JSON.parse(read(path.join(folder, 'package.json'))) as Manifest;
    return Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  });
  expect(found.length).toBeGreaterThan(30);
  expect(firstCells('CONTRIBUTING.md').sort()).toEqual([...new Set(found)].sort());
});

test('the example of docs/master-scripts.md prints what the page says', async () => {
  const [example = ''] = blocks('docs/master-scripts.md', 'text');
  const ports = await freePorts(3);
  const script = example.replaceAll(/1000([0-2])/g, (_, i: string) => String(ports[Number(i)]));
  await inWorkingFolder(async (cwd) => {
    const { code, stdout } = await synod(['master'], { cwd, input: script });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'hello,good morning\nhello,good morning\n',
    });
  });
}, 60_000);

test('npx synod is the command of this clone, at once: the root has no such command to build', () => {
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as object;
  expect(manifest).not.toHaveProperty('bin');
  const args = ['--no-install', 'synod', '--version'];
  const printed = execFileSync('npx', args, { cwd: root, timeout: 20_000 }).toString();
  expect(printed).toBe(`${VERSION}\n`);
});

test('the example of docs/sdk.md runs beside a cluster, with what up says to export', async () => {
  const [example = ''] = blocks('docs/sdk.md', 'ts');
  await inWorkingFolder(async (cwd) => {
    const up = spawn(process.execPath, [cliProgram, 'up'], { cwd });
    const ended = once(up, 'exit');
    let said = '';
    up.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    try {
      const line = await until(
        'the line',
        () => /^ *export (SYNOD_NATS_URL=\S+)$/m.exec(said)?.[1],
      );
      const client = path.join(root, 'dist/client/src/index.js');
      const file = path.join(cwd, 'example.mjs');
      writeFileSync(file, example.replace("'@synod/client'", JSON.stringify(client)));
      const env = { ...process.env, SYNOD_NATS_URL: line.split('=')[1] };
      const printed = execFileSync(process.execPath, [file], { timeout: 20_000, env }).toString();
      expect(printed).toContain("texts: [ 'hello' ]");
    } finally {
      up.kill('SIGINT');
      await ended;
    }
  });
}, 60_000);
