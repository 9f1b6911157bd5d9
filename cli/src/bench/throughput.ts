import { encodeCommand } from '../../../contract/src/command.ts';
import { COMMAND_BYTES } from './cluster-target.ts';
import { Echo } from './echo.ts';
import { runLoad, type Load, type Target } from './load.ts';
import type { Progress } from './progress.ts';
import { summarise, type Measurement, type Row } from './summary.ts';

export interface ThroughputOptions {
  readonly natsUrl: string;
  /** Of one sample. */
  readonly seconds: number;
  readonly repetitions: number;
  readonly progress: Progress;
}

const loads: readonly Load[] = [
  { clients: 1, packing: 1 },
  { clients: 64, packing: 1 },
  { clients: 512, packing: 1 },
  { clients: 64, packing: 16 },
];

/** Clusters under load beside the bare NATS echo. */
export async function throughput(
  targets: readonly Target[],
  options: ThroughputOptions,
): Promise<Row[]> {
  const echo = await Echo.start(options.natsUrl, requestBytes);
  try {
    return summarise(echo.name, await sample([echo, ...targets], options));
  } finally {
    await echo.stop();
  }
}

/** As long as a Synod request with that many commands. */
function requestBytes(packing: number): number {
  const operations = Array.from({ length: packing }, () => Buffer.alloc(COMMAND_BYTES));
  const session = { type: 'in', id: 1 } as const;
  return encodeCommand({ client: '0'.repeat(32), number: 1, lowest: 1, operations, session })
    .length;
}

/** Samples shorter than that are a look at whether it works, and need no round before them. */
const MEASUREMENT_SECONDS = 1;

/**
 * Every target under every load, side by side, again and again. The first round is not counted: it
 * lets every process compile what is hot.
 */
async function sample(
  targets: readonly Target[],
  { seconds, repetitions, progress }: ThroughputOptions,
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  const first = seconds < MEASUREMENT_SECONDS ? 1 : 0;
  const pairs = loads.flatMap((load) =>
    targets
      .filter(({ isSingle }) => isSingle !== true || load.packing === 1)
      .map((target) => ({ load, target })),
  );
  const steps = (1 + repetitions - first) * pairs.length;
  let step = 0;
  for (let repetition = first; repetition <= repetitions; repetition++) {
    for (const { load, target } of pairs) {
      const packed = load.packing === 1 ? '' : ` × ${load.packing}`;
      const round = repetition === 0 ? 'warm-up' : `round ${repetition}`;
      progress(step++, steps, `${round}: ${target.name}, ${load.clients} clients${packed}`);
      const sample = await runLoad(target, load, seconds);
      if (repetition === 0) continue;
      measurements.push({ load, target: target.name, repetition, sample });
    }
  }
  return measurements;
}
