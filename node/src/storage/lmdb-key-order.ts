/** How two keys are ordered: negative, zero or positive. Each is a part of some bytes. */
export type KeyOrder = (
  a: Uint8Array,
  aBegin: number,
  aBytes: number,
  b: Uint8Array,
  bBegin: number,
  bBytes: number,
) => number;

/** Of the data: as text is ordered. */
export const byBytes: KeyOrder = (a, aBegin, aBytes, b, bBegin, bBytes) => {
  const shared = aBytes < bBytes ? aBytes : bBytes;
  for (let i = 0; i < shared; i += 1) {
    const difference = (a[aBegin + i] ?? 0) - (b[bBegin + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return aBytes - bBytes;
};

/** Of the free list: transactions, of eight bytes each, the low ones first. */
export const byNumber: KeyOrder = (a, aBegin, aBytes, b, bBegin, bBytes) => {
  if (aBytes !== bBytes) return aBytes - bBytes;
  for (let i = aBytes - 1; i >= 0; i -= 1) {
    const difference = (a[aBegin + i] ?? 0) - (b[bBegin + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
};
