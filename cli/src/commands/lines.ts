import type { Readable } from 'node:stream';

const LINE_FEED = 0x0a;
const RETURN = 0x0d;

/** The lines of a stream, in bytes, without their ends; until it ends, or there is a signal. */
export async function* linesOf(input: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const stop = (): void => void input.destroy();
  const isOver = (): boolean => signal.aborted;
  if (isOver()) stop();
  signal.addEventListener('abort', stop);
  let parts: Buffer[] = [];
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      let from = 0;
      for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
        yield lineOf([...parts, chunk.subarray(from, at)]);
        parts = [];
        from = at + 1;
      }
      parts.push(chunk.subarray(from));
    }
    const last = lineOf(parts);
    if (last.length > 0) yield last;
  } catch (error) {
    if (!isOver()) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function lineOf(parts: readonly Buffer[]): Buffer {
  const line = Buffer.concat(parts);
  return line.at(-1) === RETURN ? line.subarray(0, -1) : line;
}
