import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BenchmarkReport } from '../../cli/src/bench/benchmark.ts';
import { synod } from '../journeys/cli-run.ts';

test('bench --quick runs every measurement; --output json gives the same as data', async () => {
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-bench-'));
  try {
    const svg = path.join(folder, 'recovery.svg');
    const args = ['bench', '--quick', '--folder', folder, '--output', 'json', '--svg', svg];
    const { code, stdout, stderr } = await synod(args, { cwd: folder, deadlineMs: 180_000 });
    if (code !== 0) throw new Error(`it ended with code ${code}: ${stderr}`);
    const report = JSON.parse(stdout) as BenchmarkReport;
    expect(report.syncLatencyMs).toBeGreaterThan(0);
    const rows = report.rows.map(
      ({ clients, packing, target }) => `${clients}×${packing} ${target}`,
    );
    for (const load of ['1×1', '64×1', '512×1', '64×16']) {
      for (const target of ['echo', 'counter', 'chat-log']) {
        expect(rows).toContain(`${load} ${target}`);
      }
    }
    expect(report.clusters.map(({ machine }) => machine)).toEqual(['chat-log', 'counter']);
    for (const { commands, log, stateBytes, restartSeconds } of report.clusters) {
      expect(commands).toBeGreaterThanOrEqual(10_000);
      expect(stateBytes).toBeGreaterThan(0);
      expect(restartSeconds.one).toBeGreaterThan(0);
      expect(log).toMatchObject({ limitBytes: 128 << 20 });
      expect(log.members.map(({ name }) => name)).toEqual(['n0', 'n1', 'n2']);
      for (const { mostBytes, lastBytes } of log.members) {
        expect(lastBytes).toBeGreaterThan(0);
        expect(mostBytes).toBeGreaterThanOrEqual(lastBytes);
      }
    }
    const { pressure, recovery, catchUp } = report;
    expect(pressure).toHaveLength(6);
    for (const { mostMib } of pressure ?? []) {
      expect(mostMib.filter((mib) => mib !== undefined && mib > 10)).toHaveLength(3);
    }
    expect(pressure?.[0]?.commandsPerSecond).toBeGreaterThan(0); // Nothing presses there.
    expect(recovery?.gapMs.median).toBeGreaterThan(0);
    expect(recovery?.runs).toHaveLength(1);
    expect(fs.readFileSync(svg, 'utf8')).toContain('seconds since the kill');
    expect(catchUp?.runs).toHaveLength(1);
    expect(catchUp?.runs[0]?.textBytes).toBeGreaterThanOrEqual(16 << 20);
    expect(catchUp?.transferMegabytesPerSecond.median).toBeGreaterThan(0);
    expect(catchUp?.p99Ratio.median).toBeGreaterThan(0);
    expect(catchUp?.streaming.leaderHeldMs.median).toBeGreaterThan(0);
    expect(fs.readdirSync(folder)).toEqual(['recovery.svg']); // Its data is gone.
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
