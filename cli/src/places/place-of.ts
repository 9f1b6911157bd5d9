import { FilePlace } from './file-place.ts';
import { FolderShelf } from './folder-shelf.ts';
import type { Shelf, SnapshotPlace } from './place.ts';
import { isS3Address, parseS3Address, S3AddressError } from './s3-address.ts';

export interface PlaceOptions {
  /** So long nothing may come of S3. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** What is there already is lost. */
  readonly force?: boolean;
}

/** A file, or s3://bucket/key. S3's library is loaded only where it is needed. */
export async function placeOf(address: string, options: PlaceOptions): Promise<SnapshotPlace> {
  if (!isS3Address(address)) return new FilePlace(address);
  const { bucket, key } = parseS3Address(address);
  if (key === '' || address.endsWith('/')) throw new S3AddressError(address, 'names no object');
  const [{ Bucket }, { ObjectPlace }] = await Promise.all([
    import('./bucket.ts'),
    import('./object-place.ts'),
  ]);
  return new ObjectPlace(address, new Bucket({ bucket, ...options }), key, options.force);
}

/** A folder, or s3://bucket or s3://bucket/prefix. */
export async function shelfOf(address: string, options: PlaceOptions): Promise<Shelf> {
  if (!isS3Address(address)) return new FolderShelf(address);
  const at = parseS3Address(address);
  const [{ Bucket }, { BucketShelf }] = await Promise.all([
    import('./bucket.ts'),
    import('./bucket-shelf.ts'),
  ]);
  return new BucketShelf(new Bucket({ bucket: at.bucket, ...options }), at);
}
