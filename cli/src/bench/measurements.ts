/** What can be measured, in this order. */
export const measurements = [
  'restart',
  'throughput',
  'overload',
  'pressure',
  'recovery',
  'catch-up',
] as const;
export type MeasurementName = (typeof measurements)[number];
