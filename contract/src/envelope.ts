import { crc32 } from 'node:zlib';

/*
 * What travels as bytes of one version, with a checksum.
 * Layout, little endian: version u8 | crc32 of the content u32 | content.
 */
export const ENVELOPE_BYTES = 5;

/** Fills in what stands before the content. @param bytes with room for it at their beginning */
export function seal(bytes: Buffer, version: number): Buffer {
  bytes[0] = version;
  bytes.writeUInt32LE(crc32(bytes.subarray(ENVELOPE_BYTES)), 1);
  return bytes;
}

/** Bytes that are not of this version, or not as they were sent; and why. */
export type Unopened = { readonly malformed: string } | { readonly garbled: string };

export function isUnopened(opened: Buffer | Unopened): opened is Unopened {
  return 'malformed' in opened || 'garbled' in opened;
}

/** @returns the content, as a view of `bytes` */
export function unseal(bytes: Buffer, version: number): Buffer | Unopened {
  if (bytes[0] !== version) return { malformed: `version ${String(bytes[0])}` };
  if (bytes.length < ENVELOPE_BYTES) return { malformed: 'shorter than its header' };
  const content = bytes.subarray(ENVELOPE_BYTES);
  if (crc32(content) === bytes.readUInt32LE(1)) return content;
  return { garbled: `${bytes.length} bytes` };
}
