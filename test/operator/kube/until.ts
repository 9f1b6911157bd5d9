const DEADLINE_MS = 10_000;

/** Waits until it is so. */
export async function until(isSo: () => boolean | Promise<boolean>, deadlineMs = DEADLINE_MS) {
  const deadline = performance.now() + deadlineMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not so after ${deadlineMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
