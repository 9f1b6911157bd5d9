const PAUSE_MS = 10;

/**
 * What `found` gives, asked again and again until it gives something.
 * @param what does not come, in words; a function, when it has to be looked at then
 * @throws Error that names what did not come before the deadline
 */
export async function until<T>(
  what: string | (() => string),
  deadlineMs: number,
  found: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const value = await found();
    if (value !== undefined) return value;
    if (performance.now() > deadline) {
      const name = typeof what === 'string' ? what : what();
      throw new Error(`${name}: it did not come within ${deadlineMs / 1000} s`);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

export function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
