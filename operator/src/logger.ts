import { destination, pino, stdTimeFunctions, type Level, type Logger } from 'pino';

export type { Logger };

/** JSON lines on standard error, one an event. Written at once: the last one is not lost. */
export function createLogger(level: Level | 'silent', name: string): Logger {
  return pino(
    { level, base: { name }, timestamp: stdTimeFunctions.isoTime },
    destination({ dest: 2, sync: true }),
  );
}
