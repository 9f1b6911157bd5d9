import { destination, pino, stdTimeFunctions, type Level, type Logger } from 'pino';

export type { Logger };

/**
 * JSON lines on standard error, one an event. Written at once: the last line before an exit is not
 * lost.
 * @param base what each line says of the process: its name, and its cluster if it has one
 */
export function createLogger(
  level: Level | 'silent',
  base: { readonly name: string; readonly cluster?: string },
): Logger {
  return pino(
    { level, base, timestamp: stdTimeFunctions.isoTime },
    destination({ dest: 2, sync: true }),
  );
}
