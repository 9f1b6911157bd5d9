import fs from 'node:fs';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  S3Client,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { InterruptedError } from '../local/interrupted-error.ts';
import { FileExistsError } from '../local/unfinished-file.ts';
import { formatS3Address } from './s3-address.ts';
import { S3Error, statusOf } from './s3-error.ts';

const MIB = 1024 * 1024;
/** What is read of a file at once, and sent; two of them are in memory. */
const PART_BYTES = 16 * MIB;
/** S3 takes 10,000 parts. */
const PARTS = 9_000;
const CONNECT_MS = 10_000;
const ATTEMPTS = 4;

export interface BucketOptions {
  readonly bucket: string;
  /** So long nothing may come of S3. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * A bucket of S3. Endpoint, region and credentials are those of the environment, as the official
 * SDK has them. Every wait has an end.
 */
export class Bucket {
  readonly #options: BucketOptions;
  readonly #client: S3Client;

  constructor(options: BucketOptions, environment = process.env) {
    const { timeoutMs } = options;
    this.#options = options;
    const endpoint = environment['AWS_ENDPOINT_URL_S3'] ?? environment['AWS_ENDPOINT_URL'] ?? '';
    // Which one runs here is decided by the lock file, and nothing that a person has to hear of.
    environment['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
    this.#client = new S3Client({
      maxAttempts: ATTEMPTS,
      // Names of buckets are no names of hosts where somebody runs an S3 of their own.
      forcePathStyle: endpoint !== '',
      requestHandler: {
        connectionTimeout: Math.min(CONNECT_MS, timeoutMs),
        socketTimeout: timeoutMs,
      },
      // The snapshot's own hash, which covers more, is compared.
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  async exists(key: string): Promise<boolean> {
    try {
      await this.#client.send(new HeadObjectCommand(this.#at(key)), this.#abort);
      return true;
    } catch (error) {
      if (statusOf(error) === 404) return false;
      throw this.#error(key, 'looked at', error);
    }
  }

  /**
   * Uploads a file: the object is there when all of it is, or nothing is.
   * @throws FileExistsError when there is such an object, and it is not to be overwritten; S3Error
   */
  async put(key: string, file: string, overwrites: boolean): Promise<void> {
    const size = fs.statSync(file).size;
    const { signal } = this.#options;
    const body = fs.createReadStream(file).on('error', () => undefined);
    // So what was uploaded of it is removed before this ends, and not after.
    const interrupt = (): void => void body.destroy(new InterruptedError());
    signal.addEventListener('abort', interrupt);
    try {
      await new Upload({
        client: this.#client,
        params: { ...this.#at(key), Body: body, ...(!overwrites && { IfNoneMatch: '*' }) },
        partSize: Math.max(PART_BYTES, Math.ceil(size / PARTS)),
        queueSize: 2,
        leavePartsOnError: false,
      }).done();
    } catch (error) {
      if (statusOf(error) === 412) throw new FileExistsError(this.#address(key));
      throw this.#error(key, 'written', error);
    } finally {
      body.destroy();
      signal.removeEventListener('abort', interrupt);
    }
  }

  /** The bytes of an object, as they come. @throws S3Error */
  async *read(key: string): AsyncGenerator<Buffer> {
    try {
      const { Body } = await this.#client.send(new GetObjectCommand(this.#at(key)), this.#abort);
      if (!(Body instanceof Readable)) throw new Error('it has no body');
      yield* Body as AsyncIterable<Buffer>;
    } catch (error) {
      throw this.#error(key, 'read', error);
    }
  }

  /** What begins with `prefix` and has no slash behind it, without that. @throws S3Error */
  async names(prefix: string): Promise<string[]> {
    const { bucket: Bucket } = this.#options;
    const found: string[] = [];
    let last: string | undefined;
    try {
      const pages = paginateListObjectsV2(
        { client: this.#client },
        { Bucket, Prefix: prefix, Delimiter: '/' },
        this.#abort,
      );
      for await (const { Contents = [], NextContinuationToken: next } of pages) {
        if (next !== undefined && next === last) throw new Error('the same page came again');
        last = next;
        found.push(...Contents.map(({ Key = '' }) => Key.slice(prefix.length)));
      }
    } catch (error) {
      throw this.#error(prefix, 'listed', error);
    }
    return found;
  }

  async remove(key: string): Promise<void> {
    try {
      await this.#client.send(new DeleteObjectCommand(this.#at(key)), this.#abort);
    } catch (error) {
      throw this.#error(key, 'removed', error);
    }
  }

  #at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#options.bucket, Key: key };
  }

  get #abort(): { readonly abortSignal: AbortSignal } {
    return { abortSignal: this.#options.signal };
  }

  #address(key: string): string {
    return formatS3Address({ bucket: this.#options.bucket, key });
  }

  #error(key: string, what: string, cause: unknown): S3Error | InterruptedError {
    if (this.#options.signal.aborted) return new InterruptedError();
    return new S3Error(this.#address(key), what, cause);
  }
}
