import fs from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Bucket } from '../../../cli/src/places/bucket.ts';
import { ObjectPlace } from '../../../cli/src/places/object-place.ts';
import { explained } from '../../../cli/src/commands/snapshot-text.ts';
import { FileExistsError, UnfinishedFile } from '../../../cli/src/local/unfinished-file.ts';
import { verifySnapshot, type Snapshot } from '../../../contract/src/snapshot-file.ts';
import { saved } from '../../node/storage/saved-snapshot.ts';

/* What a server of S3 answers that is none of the well-behaved ones. */

type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

const before = { ...process.env };
let server: Server;
let answer: Answer;
let asked: string[];
let folder: string;
beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-bucket-'));
  asked = [];
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      answer(request, response, Buffer.concat(parts));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'user',
    AWS_SECRET_ACCESS_KEY: 'password',
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REQUEST_CHECKSUM_CALCULATION: 'WHEN_REQUIRED',
  });
});
afterEach(async () => {
  process.env = { ...before };
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  fs.rmSync(folder, { recursive: true });
});

const bucket = (): Bucket =>
  new Bucket({ bucket: 'backups', timeoutMs: 5_000, signal: new AbortController().signal });

const page = (more: string): string =>
  `<ListBucketResult><Contents><Key>a/b</Key></Contents>${more}</ListBucketResult>`;

test('a list whose next page is the same one again is an error, and has an end', async () => {
  const more = '<IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>';
  answer = (_, response) => response.end(page(more));
  await expect(bucket().names('a/')).rejects.toThrow(
    's3://backups/a/ could not be listed: the same page came again.',
  );
  expect(asked.length).toBe(2);
});

/** Has one page more each time, after the one that `next` names. */
function endless(next: (page: number) => number): Answer {
  return ({ url = '' }, response) => {
    const at = Number(/continuation-token=(\d+)/.exec(url)?.[1] ?? 0);
    const token = `<NextContinuationToken>${next(at)}</NextContinuationToken>`;
    response.end(page(`<IsTruncated>true</IsTruncated>${token}`));
  };
}

test('a list whose pages go round in a circle has an end, too', async () => {
  answer = endless((at) => (at + 1) % 3);
  await expect(bucket().names('a/')).rejects.toThrow('could not be listed: the same page came');
  expect(asked.length).toBe(4);
});

test('a list with another page each time, and no end, has one', async () => {
  answer = endless((at) => at + 1);
  await expect(bucket().names('a/')).rejects.toThrow(
    's3://backups/a/ could not be listed: it has more than 1000 pages. ' +
      'Keep snapshots where there is little else, below a prefix of their own.',
  );
  expect(asked.length).toBe(1_000);
}, 60_000);

const TAG = '"one"';

/** Gives so many bytes at most of what is asked for, and then breaks off. */
function breaking(
  object: Buffer,
  bytes: number,
  tag: () => string | undefined = () => TAG,
): Answer {
  return ({ headers: { range = '', 'if-match': match = TAG } }, response) => {
    const etag = tag();
    if (etag !== undefined && match !== etag) return void response.writeHead(412).end();
    const at = Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0);
    const rest = object.subarray(at);
    response.writeHead(range === '' ? 200 : 206, {
      'Content-Length': rest.length,
      ...(etag !== undefined && { ETag: etag }),
      ...(range !== '' && { 'Content-Range': `bytes ${at}-${object.length - 1}/${object.length}` }),
    });
    const part = rest.subarray(0, bytes);
    if (part.length === rest.length) return void response.end(part);
    response.write(part, () => setTimeout(() => response.destroy(), 20));
  };
}

test('one that breaks off midway goes on where it was', async () => {
  const object = await saved();
  answer = breaking(object, Math.ceil(object.length / 3));
  const { bytes } = await place().verify();
  expect(bytes).toBe(object.length);
  expect(asked).toHaveLength(3);
  expect(await place().use((file) => fs.readFileSync(file))).toEqual(object);
}, 30_000);

test('one that breaks off again and again is not asked for without an end', async () => {
  answer = breaking(await saved(), 10);
  await expect(place().verify()).rejects.toThrow(
    's3://backups/a could not be read: it broke off 4 times: aborted.',
  );
  expect(asked).toHaveLength(4);
}, 30_000);

test('one that is another one by then does not go on', async () => {
  const tags = [TAG, '"another"'];
  answer = breaking(await saved(), 100, () => tags.shift());
  await expect(place().verify()).rejects.toThrow(
    's3://backups/a could not be read: it was changed meanwhile.',
  );
  expect(asked).toHaveLength(2);
}, 30_000);

test('nor is another one removed that took its place while it was read back', async () => {
  const tags = [TAG, '"another"'];
  const get = breaking(await saved(), 100, () => tags.shift());
  const methods: string[] = [];
  answer = (request, response, body) => {
    methods.push(request.method ?? '');
    if (request.method === 'HEAD') response.writeHead(404).end();
    else if (request.method === 'GET') get(request, response, body);
    else response.end();
  };
  await expect(save()).rejects.toThrow('could not be checked there');
  expect(methods).toEqual(['HEAD', 'PUT', 'GET', 'GET']);
});

test('nor does one that nothing tells from another one, or that begins anew', async () => {
  const object = await saved();
  answer = breaking(object, 100, () => undefined);
  await expect(place().verify()).rejects.toThrow('could not be read');
  expect(asked).toHaveLength(1);
  const anew = breaking(object, 100);
  answer = (request, response, body) => {
    delete request.headers.range;
    anew(request, response, body);
  };
  await expect(place().verify()).rejects.toThrow('it does not go on where it broke off');
  expect(asked).toHaveLength(3);
}, 30_000);

test('one that comes without an end is not waited for', async () => {
  answer = (_, response) => {
    response.writeHead(200, { ETag: TAG });
    const drip = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(drip));
  };
  const { signal } = new AbortController();
  const late = new Bucket({ bucket: 'backups', timeoutMs: 5_000, deadlineMs: 300, signal });
  await expect(new ObjectPlace('s3://backups/a', late, 'a').verify()).rejects.toThrow(
    's3://backups/a could not be read: it took more than 0.3 s.',
  );
  expect(asked).toHaveLength(1);
});

describe('where there is no room', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
    ...{ code: 'ENOSPC', syscall: 'write' },
  });
  afterEach(() => {
    import.meta.jest.restoreAllMocks();
  });
  const refusing = (): void => {
    import.meta.jest.spyOn(fs, 'writeSync').mockImplementation(() => {
      throw full;
    });
  };
  const named =
    /^\/.*\/synod-\w+\/object\.snapshot\.\w+\.unfinished could not be written, .*TMPDIR/s;

  test('for a copy, that file is named, and not S3', async () => {
    answer = breaking(await saved(), Infinity);
    refusing();
    const copy = explained('s3://backups/a', place().use(verifySnapshot));
    await expect(copy).rejects.toMatchObject({
      exitCode: 74,
      message: expect.stringMatching(named) as string,
    });
  });

  test('for what is to be saved, neither', async () => {
    answer = (_, response) => void response.writeHead(404).end();
    refusing();
    const saving = place().save((file) => {
      const unfinished = new UnfinishedFile(file, false);
      unfinished.write(Buffer.alloc(10));
      return Promise.reject(new Error('written'));
    });
    await expect(explained('s3://backups/a', saving)).rejects.toMatchObject({
      exitCode: 74,
      message: expect.stringMatching(named) as string,
    });
  });

  test('nor for a folder: TMPDIR is named', async () => {
    answer = breaking(await saved(), Infinity);
    const none = path.join(folder, 'none/synod-XXXXXX');
    import.meta.jest.spyOn(fs, 'mkdtempSync').mockImplementation(() => {
      const text = `ENOENT: no such file or directory, mkdtemp '${none}'`;
      throw Object.assign(new Error(text), { syscall: 'mkdtemp' });
    });
    const copy = explained('s3://backups/a', place().use(verifySnapshot));
    await expect(copy).rejects.toMatchObject({ exitCode: 74 });
    await expect(copy).rejects.toThrow(/^ENOENT: .*none\/synod-XXXXXX'\. .*\$TMPDIR/);
  });
});

/** Keeps what it was sent first, without an answer; refuses what comes then, as it is there. */
function losing(kept: (body: Buffer) => Buffer = (body) => body): Answer {
  let object: Buffer | undefined;
  return ({ method }, response, body) => {
    if (method === 'PUT' && object === undefined) {
      object = kept(body);
      response.destroy();
    } else if (method === 'PUT') {
      response.writeHead(412).end();
    } else if (object === undefined) {
      response.writeHead(404).end();
    } else response.end(object);
  };
}

const place = (overwrites = false): ObjectPlace =>
  new ObjectPlace('s3://backups/a', bucket(), 'a', overwrites);

const save = (overwrites = false): Promise<Snapshot> =>
  place(overwrites).save(async (file) => {
    fs.writeFileSync(file, await saved());
    return verifySnapshot(file);
  });

test('one that was stored, but the answer was lost, is there', async () => {
  answer = losing();
  const snapshot = await save();
  expect(asked.filter((each) => each.startsWith('PUT'))).toHaveLength(2);
  expect(await place().verify()).toEqual(snapshot);
});

test('another one that came there meanwhile is not taken for it', async () => {
  answer = losing(() => Buffer.from('another one'));
  await expect(save()).rejects.toThrow(FileExistsError);
});

test('one that cannot be read back is removed: it would count for nothing, and more would come', async () => {
  let object: Buffer | undefined;
  answer = ({ method }, response, body) => {
    if (method === 'PUT') object = body;
    else if (method === 'DELETE') object = undefined;
    else return void response.writeHead(object === undefined ? 404 : 403).end();
    return void response.end();
  };
  await expect(save()).rejects.toThrow('could not be read');
  expect(object).toBeUndefined();
});

test('one in the place of another one stays when it cannot be read back: it may be whole', async () => {
  const methods: string[] = [];
  answer = ({ method = '' }, response) => {
    methods.push(method);
    response.writeHead(method === 'PUT' ? 200 : 403).end();
  };
  await expect(save(true)).rejects.toThrow('s3://backups/a was saved, and could not be checked');
  expect(methods).not.toContain('DELETE');
});

test('another one that took its place meanwhile is not removed', async () => {
  const other = await saved({ name: 'chat-log', version: 2 });
  const methods: string[] = [];
  answer = ({ method = '' }, response) => {
    methods.push(method);
    if (method === 'HEAD') response.writeHead(404).end();
    else response.end(method === 'GET' ? other : undefined);
  };
  await expect(save()).rejects.toThrow('it is whole, and another one');
  expect(methods).not.toContain('DELETE');
});
