import { destination, pino, stdTimeFunctions, type Level, type Logger } from 'pino';

export type { Logger };

/**
 * JSON lines on standard error, one an event, each with cluster and member. Written at once: the
 * last line before an exit is not lost.
 */
export function createLogger(settings: {
  readonly level: Level | 'silent';
  readonly cluster: string;
  readonly member: string;
}): Logger {
  const { level, cluster, member } = settings;
  return pino(
    { level, base: { cluster, member }, timestamp: stdTimeFunctions.isoTime },
    destination({ dest: 2, sync: true }),
  );
}
