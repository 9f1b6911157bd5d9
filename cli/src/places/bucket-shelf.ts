import type { Bucket } from './bucket.ts';
import { ObjectPlace } from './object-place.ts';
import type { Shelf } from './place.ts';
import { formatS3Address, type S3Address } from './s3-address.ts';
import { S3Error } from './s3-error.ts';

/** Snapshots that are kept in a bucket, under keys that begin alike. */
export class BucketShelf implements Shelf {
  readonly #bucket: Bucket;
  readonly #at: S3Address;

  constructor(bucket: Bucket, at: S3Address) {
    this.#bucket = bucket;
    this.#at = at;
  }

  addressOf(name: string): string {
    const { bucket } = this.#at;
    return formatS3Address({ bucket, key: this.#keyOf(name) });
  }

  place(name: string): ObjectPlace {
    return new ObjectPlace(this.addressOf(name), this.#bucket, this.#keyOf(name));
  }

  names(): Promise<readonly string[]> {
    return this.#bucket.names(this.#keyOf(''));
  }

  /** What was not whole never was an object. */
  left(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  remove(name: string): Promise<void> {
    return this.#bucket.remove(this.#keyOf(name));
  }

  isGone(error: unknown): boolean {
    return error instanceof S3Error && error.status === 404;
  }

  /** An answer is about that object: it was archived, say. No answer is about all of them. */
  troubleOf(error: unknown): string | undefined {
    const isAnswer = error instanceof S3Error && error.status !== undefined;
    return isAnswer && error.status >= 400 ? error.message : undefined;
  }

  #keyOf(name: string): string {
    return this.#at.key === '' ? name : `${this.#at.key}/${name}`;
  }
}
