const SCHEME = 's3://';
const bucketPattern = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** An object in a bucket; or, with keys that begin with it, a part of a bucket. */
export interface S3Address {
  readonly bucket: string;
  /** Without a slash at either end; '' for all of the bucket. */
  readonly key: string;
}

/** What was named is no address; `message` is a sentence. */
export class S3AddressError extends Error {
  override readonly name = 'S3AddressError';

  constructor(text: string, why: string) {
    super(`${text} ${why}: it wants s3://<bucket>/<key>.`);
  }
}

/** Or is meant to be one: a slash that is missing makes no folder of it. */
export function isS3Address(text: string): boolean {
  return /^s3:\//i.test(text);
}

/** @throws S3AddressError */
export function parseS3Address(text: string): S3Address {
  if (!text.startsWith(SCHEME)) throw new S3AddressError(text, 'is no address');
  const [bucket = '', ...parts] = text.slice(SCHEME.length).split('/');
  if (bucket === '') throw new S3AddressError(text, 'names no bucket');
  if (!bucketPattern.test(bucket)) {
    throw new S3AddressError(text, `names ${bucket}, which no bucket can be called`);
  }
  if (parts.at(-1) === '') parts.pop();
  if (parts.includes('')) throw new S3AddressError(text, 'has a part without a name');
  return { bucket, key: parts.join('/') };
}

export function formatS3Address({ bucket, key }: S3Address): string {
  return key === '' ? `${SCHEME}${bucket}` : `${SCHEME}${bucket}/${key}`;
}
