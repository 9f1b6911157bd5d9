import type { Load, Sample } from './load.ts';

/** One sample of a target under a load. */
export interface Measurement {
  readonly load: Load;
  readonly target: string;
  readonly repetition: number;
  readonly sample: Sample;
}

/** The median of several repetitions, and between what they lay. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** A target under a load. */
export interface Row extends Load {
  readonly target: string;
  readonly commandsPerSecond: Spread;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  /** Its throughput to the ceiling's, repetition by repetition. */
  readonly ratio: Spread;
}

/** @param ceiling the target that the others are compared with */
export function summarise(ceiling: string, measurements: readonly Measurement[]): Row[] {
  const groups = new Map<string, Measurement[]>();
  for (const measurement of measurements) {
    const { load, target } = measurement;
    const key = `${load.clients} ${load.packing} ${target}`;
    groups.set(key, [...(groups.get(key) ?? []), measurement]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { load, target } = first;
    const ratios = group.map(({ sample, repetition }) => {
      const beside = measurements.find(
        (other) =>
          other.target === ceiling && other.load === load && other.repetition === repetition,
      );
      return sample.commandsPerSecond / (beside?.sample.commandsPerSecond ?? NaN);
    });
    return [
      {
        ...load,
        target,
        commandsPerSecond: spread(group.map(({ sample }) => sample.commandsPerSecond)),
        p50Ms: spread(group.map(({ sample }) => sample.p50Ms)),
        p99Ms: spread(group.map(({ sample }) => sample.p99Ms)),
        ratio: spread(ratios),
      },
    ];
  });
}

/** @param values one at least */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? NaN;
  const middle = (sorted.length - 1) / 2;
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}
