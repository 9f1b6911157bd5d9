import fs from 'node:fs';
import { Readable } from 'node:stream';
import { isNativeError } from 'node:util/types';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
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
/** Before what broke off is asked for again; twice as long each time. */
const AGAIN_MS = 250;
/** All of an object, or of a list, has come by then, also when it goes on coming. */
const DEADLINE_MS = 6 * 60 * 60_000;
/** Of a list; S3 has 1,000 names on each. */
const PAGES = 1_000;

const TOO_MANY =
  `it has more than ${PAGES} pages. Keep snapshots where there is little else, below a prefix of ` +
  'their own';

export interface BucketOptions {
  readonly bucket: string;
  /** So long nothing may come of S3. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** So long all that is read at a time may take. */
  readonly deadlineMs?: number;
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

  /**
   * The bytes of an object, as they come. What breaks off midway goes on where it was, a few times,
   * while it is the same object.
   * @throws S3Error
   */
  async *read(key: string): AsyncGenerator<Buffer> {
    const { signal, late } = this.#deadline();
    let [at, tag]: [number, string | undefined] = [0, undefined];
    for (let attempt = 1; ; attempt += 1) {
      let hasBegun = false;
      try {
        const found = await this.#from(key, at, tag, signal);
        hasBegun = true;
        tag = found.ETag;
        for await (const bytes of bodyOf(found, at)) {
          at += bytes.length;
          yield bytes;
        }
        return;
      } catch (error) {
        const isLast = attempt === ATTEMPTS || error instanceof ReadError || signal.aborted;
        // Nothing else would tell whether the rest is of the same object.
        const mayGoOn = hasBegun && tag !== undefined && !isLast;
        if (!mayGoOn) throw this.#error(key, 'read', late() ?? brokenOff(error, attempt));
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS * 2 ** (attempt - 1)));
    }
  }

  #from(
    key: string,
    at: number,
    tag: string | undefined,
    abortSignal: AbortSignal,
  ): Promise<GetObjectCommandOutput> {
    const rest = at > 0 && tag !== undefined && { Range: `bytes=${at}-`, IfMatch: tag };
    return this.#client.send(new GetObjectCommand({ ...this.#at(key), ...rest }), { abortSignal });
  }

  /** What begins with `prefix` and has no slash behind it, without that. @throws S3Error */
  async names(prefix: string): Promise<string[]> {
    const { bucket: Bucket } = this.#options;
    const { signal: abortSignal, late } = this.#deadline();
    const found: string[] = [];
    const followed = new Set<string>();
    try {
      const pages = paginateListObjectsV2(
        { client: this.#client },
        { Bucket, Prefix: prefix, Delimiter: '/' },
        { abortSignal },
      );
      for await (const { Contents = [], NextContinuationToken: next } of pages) {
        found.push(...Contents.map(({ Key = '' }) => Key.slice(prefix.length)));
        if (next === undefined) continue;
        if (followed.has(next)) throw new Error('the same page came again');
        followed.add(next);
        if (followed.size >= PAGES) throw new Error(TOO_MANY);
      }
    } catch (error) {
      throw this.#error(prefix, 'listed', late() ?? error);
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

  /** For what may come without an end; `late` says that it was that. */
  #deadline(): { readonly signal: AbortSignal; readonly late: () => Error | undefined } {
    const { signal, deadlineMs = DEADLINE_MS } = this.#options;
    const end = AbortSignal.timeout(deadlineMs);
    const late = () =>
      end.aborted ? new Error(`it took more than ${deadlineMs / 1000} s`) : undefined;
    return { signal: AbortSignal.any([signal, end]), late };
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

/** What another try does not change. */
class ReadError extends Error {
  override readonly name = 'ReadError';
}

function brokenOff(error: unknown, times: number): unknown {
  if (times < ATTEMPTS || !isNativeError(error) || statusOf(error) !== undefined) return error;
  return new Error(`it broke off ${times} times: ${error.message}`, { cause: error });
}

/** @param at what was asked for begins there */
function bodyOf({ Body, ContentRange = '' }: GetObjectCommandOutput, at: number) {
  if (!(Body instanceof Readable)) throw new ReadError('it has no body');
  if (at > 0 && !ContentRange.startsWith(`bytes ${at}-`)) {
    Body.destroy();
    throw new ReadError('it does not go on where it broke off');
  }
  return Body as AsyncIterable<Buffer>;
}
