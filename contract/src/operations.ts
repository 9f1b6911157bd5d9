/*
 * Operations as commands and reads carry them, big endian: count × (length u32 | operation). The
 * count stands elsewhere.
 */

/** How many bytes they take. */
export function sizeOf(operations: readonly Uint8Array[]): number {
  let size = 0;
  for (const { length } of operations) size += 4 + length;
  return size;
}

/** @returns where they end */
export function writeOperations(
  operations: readonly Uint8Array[],
  bytes: Buffer,
  begin: number,
): number {
  let at = begin;
  for (const operation of operations) {
    bytes.writeUInt32BE(operation.length, at);
    bytes.set(operation, at + 4);
    at += 4 + operation.length;
  }
  return at;
}

/** @returns why there are not so many operations, and nothing else, up to `end` */
export function flawOf(
  view: Buffer,
  begin: number,
  end: number,
  count: number,
): string | undefined {
  if (count === 0) return 'no operation';
  let at = begin;
  for (let i = 0; i < count; i++) {
    if (at + 4 > end) return `ends before operation ${i}`;
    at += 4 + view.readUInt32BE(at);
    if (at > end) return `ends inside operation ${i}`;
  }
  return at === end ? undefined : `${end - at} bytes too many`;
}

/** Reads operations in which there is no flaw. They are views of `view`. */
export function readOperations(view: Buffer, begin: number, count: number): Uint8Array[] {
  const operations = new Array<Uint8Array>(count);
  let at = begin;
  for (let i = 0; i < count; i++) {
    const end = at + 4 + view.readUInt32BE(at);
    operations[i] = view.subarray(at + 4, end);
    at = end;
  }
  return operations;
}
