/** Like `Promise.all`; but when one fails, nothing of the others is under way any more. */
export async function all<T>(works: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(works);
  return Promise.all(works);
}
