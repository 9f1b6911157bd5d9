/** Ctrl-C, or a request to end: what is not whole then is not left behind. */
export function interruption(): AbortSignal {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupt.abort());
  }
  return interrupt.signal;
}
