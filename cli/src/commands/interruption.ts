/**
 * Ctrl-C, a request to end, or a terminal that is gone: what is not whole then is not left behind.
 */
export function interruption(): AbortSignal {
  const interrupt = new AbortController();
  // Not `once`: a second one would end the process in the middle of what it removes.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupt.abort());
  }
  return interrupt.signal;
}
