import Table from 'cli-table3';
import type { BenchmarkReport } from '../bench/benchmark.ts';
import type { CatchUpReport } from '../bench/catch-up-summary.ts';
import type { OverloadReport } from '../bench/overload.ts';
import type { PressureRow } from '../bench/pressure.ts';
import type { RecoveryReport } from '../bench/recovery.ts';
import type { ClusterReport } from '../bench/restart.ts';
import type { Row, Spread } from '../bench/summary.ts';

const MIB = 1024 * 1024;

/** The report of the benchmark for a person: a table for each measurement. */
export function benchText(report: BenchmarkReport): string {
  const { cores, processor, node, syncLatencyMs, seconds, repetitions } = report;
  const { rows, clusters, overload, pressure, recovery, catchUp } = report;
  const lines = [
    `${cores} cores of ${processor}, Node ${node}; fdatasync takes ${syncLatencyMs.toFixed(2)} ms`,
    `median (least–most) of ${repetitions} interleaved run(s) of ${seconds} s; commands of 256 B`,
  ];
  if (rows.length > 0) lines.push(rowTable(rows));
  if (clusters.length > 0) {
    lines.push('', 'Filled, then killed and started again', restartTable(clusters));
    lines.push('', 'The log while it was filled, looked at once a second', logTable(clusters));
  }
  if (overload !== undefined) {
    const { clients, deadlineMs } = overload;
    const what = `(chat-log, ${clients} clients, which give up after ${deadlineMs / 1000} s)`;
    lines.push('', `More is asked than it can do ${what}`, overloadTable(overload));
  }
  if (pressure !== undefined) {
    const what = `${seconds} s each (counter, 64 clients that write beside it)`;
    lines.push('', `Something presses on it, ${what}`, pressureTable(pressure));
  }
  if (recovery !== undefined) {
    const { clients } = recovery;
    lines.push('', `The leader is killed (counter, ${clients} clients)`, recoveryTable(recovery));
  }
  if (catchUp !== undefined) {
    const { clients } = catchUp;
    lines.push('', `A blank member comes (chat-log, ${clients} clients)`, transferTable(catchUp));
    lines.push('', 'The clients meanwhile', serviceTable(catchUp));
  }
  return lines.join('\n');
}

function rowTable(rows: readonly Row[]): string {
  const lines = rows.map(({ clients, packing, target, commandsPerSecond, p50Ms, p99Ms, ratio }) => [
    packing === 1 ? String(clients) : `${clients} × ${packing}`,
    target,
    spreadText(commandsPerSecond, 0),
    spreadText(p50Ms, 2),
    spreadText(p99Ms, 2),
    target === 'echo' ? '' : spreadText(ratio, 2),
  ]);
  return table(['clients', 'target', 'commands/s', 'p50 ms', 'p99 ms', 'of the echo'], lines, 2);
}

function restartTable(clusters: readonly ClusterReport[]): string {
  const head = ['machine', 'commands', 'filled in s', 'RssAnon MiB', 'log MiB', 'state MiB'];
  const lines = clusters.map((cluster) => {
    const { machine, commands, fillSeconds, anonymousMib, log, stateBytes } = cluster;
    const { one, all } = cluster.restartSeconds;
    return [
      machine,
      String(commands),
      fillSeconds.toFixed(1),
      anonymousMib.map((mib) => mib?.toFixed(0) ?? 'unknown').join(', '),
      mib(Math.max(...log.members.map(({ lastBytes }) => lastBytes))),
      mib(stateBytes),
      one.toFixed(2),
      all.toFixed(2),
    ];
  });
  return table([...head, 'one ready, s', 'all ready, s'], lines, 1);
}

function logTable(clusters: readonly ClusterReport[]): string {
  const lines = clusters.flatMap(({ machine, log }) =>
    log.members.map(({ name, mostBytes, lastBytes }) => [
      machine,
      name,
      mib(mostBytes),
      mib(lastBytes),
      mib(log.limitBytes),
    ]),
  );
  return table(['machine', 'member', 'most MiB', 'last MiB', '--log-bytes MiB'], lines, 2);
}

function overloadTable({ points }: OverloadReport): string {
  const lines = points.map((point) => {
    const { share, offeredPerSecond, answeredPerSecond, failedPerSecond, p50Ms, p99Ms } = point;
    const rates = [offeredPerSecond, answeredPerSecond, failedPerSecond];
    const figures = [...rates, p50Ms, p99Ms].map((each) => spreadText(each, 0));
    return [share.toFixed(2), ...figures];
  });
  const head = ['of what it can do', 'offered/s', 'answered/s', 'failed/s', 'p50 ms', 'p99 ms'];
  return table(head, lines, 0);
}

function pressureTable(rows: readonly PressureRow[]): string {
  const lines = rows.map(({ pressure, mostMib, commandsPerSecond, gapMs }) => [
    pressure,
    mostMib.map((mib) => mib?.toFixed(0) ?? 'unknown').join(', '),
    commandsPerSecond.toFixed(0),
    gapMs.toFixed(0),
  ]);
  const head = ['what presses', 'most RssAnon MiB', 'commands/s', 'longest ms without an answer'];
  return table(head, lines, 1);
}

function recoveryTable({ ledMs, gapMs, gapBeforeMs, commandsPerSecond }: RecoveryReport): string {
  const { before, after } = commandsPerSecond;
  return table(
    ['', 'longest ms without an answer', 'another leads after ms', 'commands/s'],
    [
      ['before the kill', spreadText(gapBeforeMs, 0), '', spreadText(before, 0)],
      ['after the kill', spreadText(gapMs, 0), spreadText(ledMs, 0), ''],
      ['after the restart', '', '', spreadText(after, 0)],
    ],
    1,
  );
}

function transferTable(report: CatchUpReport): string {
  const { runs, evenSeconds, megabytesPerSecond, transferMegabytesPerSecond } = report;
  const texts = runs.map(({ textBytes }) => textBytes / 1e6);
  const fromLeader = runs.filter(({ sender, leader }) => sender === leader).length;
  return table(
    ['MB of texts', 'even after s', 'MB/s', 'MB/s of the transfer', 'by the leader'],
    [
      [
        `${Math.min(...texts).toFixed(0)}–${Math.max(...texts).toFixed(0)}`,
        spreadText(evenSeconds, 2),
        spreadText(megabytesPerSecond, 1),
        spreadText(transferMegabytesPerSecond, 1),
        `${fromLeader} of ${runs.length}`,
      ],
    ],
    0,
  );
}

function serviceTable({ quiet, streaming, p99Ratio }: CatchUpReport): string {
  const lines = [
    { name: 'before', service: quiet, ratio: '' },
    { name: 'during the transfer', service: streaming, ratio: spreadText(p99Ratio, 2) },
  ].map(({ name, service, ratio }) => [
    name,
    spreadText(service.commandsPerSecond, 0),
    spreadText(service.p99Ms, 2),
    ratio,
    spreadText(service.leaderHeldMs, 0),
  ]);
  return table(['', 'commands/s', 'p99 ms', 'of before', "leader's loop held, ms"], lines, 1);
}

/** @param words columns of words come first, and figures stand right */
function table(head: string[], lines: readonly string[][], words: number): string {
  const drawn = new Table({
    head,
    colAligns: head.map((_, i) => (i < words ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  drawn.push(...lines);
  return drawn.toString();
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}

function spreadText({ median, min, max }: Spread, digits: number): string {
  const [middle, least, most] = [median, min, max].map((value) => value.toFixed(digits));
  return min === max ? `${middle}` : `${middle} (${least}–${most})`;
}
