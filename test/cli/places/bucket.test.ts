import fs from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Bucket } from '../../../cli/src/places/bucket.ts';
import { ObjectPlace } from '../../../cli/src/places/object-place.ts';
import { FileExistsError } from '../../../cli/src/local/unfinished-file.ts';
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
