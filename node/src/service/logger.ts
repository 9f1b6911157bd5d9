import { destination, pino, stdTimeFunctions, type Level, type Logger } from 'pino';

export type { Logger };

/**
 * JSON lines on standard error, one an event, each with cluster and name. Written at once: the
 * last line before an exit is not lost.
 */
export function createLogger(settings: {
  readonly level: Level | 'silent';
  readonly cluster: string;
  readonly name: string;
}): Logger {
  const { level, cluster, name } = settings;
  return pino(
    { level, base: { cluster, name }, timestamp: stdTimeFunctions.isoTime },
    destination({ dest: 2, sync: true }),
  );
}
