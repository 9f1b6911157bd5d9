import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ErrorCode, NatsError } from 'nats';
import { natsServersOf } from '../../contract/src/nats-servers.ts';
import {
  accessOptions,
  missingFile,
  troubleOf,
  userOf,
  type NatsAccess,
} from '../../link/src/nats-access.ts';

let folder: string;
let access: NatsAccess;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-access-'));
  access = { url: 'nats://a:1', credentialsDir: folder, tlsDir: folder };
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const server = { url: 'nats://a:1', host: 'a', port: 1 };
const put = (file: string, text: string): void => fs.writeFileSync(path.join(folder, file), text);

test('several servers, separated by commas', () => {
  expect(natsServersOf('nats://a:1, b, nats://[::1]:2, c d,')).toEqual([
    { url: 'nats://a:1', host: 'a', port: 1 },
    { url: 'b', host: 'b', port: 4222 },
    { url: 'nats://[::1]:2', host: '::1', port: 2 },
    { url: 'c d', host: 'c d', port: 4222 },
  ]);
});

test('the first file that is missing or empty is named, with what it has to hold', () => {
  const sentence = (): string | undefined => missingFile(access)?.sentence;
  expect(sentence()).toBe(
    `${folder}/username cannot be read; it has to hold the name of the NATS user`,
  );
  put('username', 'ada\n');
  put('password', '\n');
  expect(sentence()).toBe(
    `${folder}/password is empty; it has to hold the password of the NATS user`,
  );
  put('password', 'secret');
  expect(sentence()).toMatch(/\/ca\.crt cannot be read/);
  put('ca.crt', 'a certificate');
  expect(sentence()).toBeUndefined();
  put('tls.crt', 'a certificate');
  expect(sentence()).toMatch(/\/tls\.key cannot be read; it has to hold the key of tls\.crt/);
  expect(missingFile({ url: 'nats://a:1' })).toBeUndefined();
});

test('each connect reads the files again; one that is gone does not end the connection', () => {
  put('username', 'ada');
  put('password', 'one\n');
  const { authenticator, tls } = accessOptions(access, server, '127.0.0.1');
  if (typeof authenticator !== 'function') throw new Error('no authenticator');
  expect(authenticator()).toEqual({ user: 'ada', pass: 'one' });
  put('username', 'ada-2');
  put('password', 'two\r\n');
  expect(authenticator()).toEqual({ user: 'ada-2', pass: 'two' });
  expect(userOf(access)).toBe('user "ada-2"');
  fs.rmSync(path.join(folder, 'password'));
  expect(authenticator()).toEqual({ user: 'ada-2', pass: '' });

  expect(tls).toEqual({ caFile: `${folder}/ca.crt`, servername: 'a' });
  put('tls.crt', 'a certificate');
  const own = { certFile: `${folder}/tls.crt`, keyFile: `${folder}/tls.key` };
  expect(accessOptions(access, { ...server, host: '::1' }, '::1').tls).toMatchObject({
    ...own,
    host: '::1',
  });
});

test.each([
  [NatsError.errorForCode(ErrorCode.AuthorizationViolation), 'NOT_ADMITTED', /refuses user "ada"/],
  [new NatsError('tls', ErrorCode.ServerOptionNotAvailable), 'NOT_ADMITTED', /has no TLS/],
  [NatsError.errorForCode(ErrorCode.ConnectionRefused), 'UNREACHABLE', /: connection refused$/],
  [NatsError.errorForCode(ErrorCode.Timeout), 'UNREACHABLE', /: timeout$/],
  [new Error('getaddrinfo ENOTFOUND a'), 'UNREACHABLE', /: getaddrinfo ENOTFOUND a$/],
  [undefined, 'UNREACHABLE', /: the connection was closed$/],
  [Object.assign(new Error('reset'), { code: 'ECONNRESET' }), 'NOT_ADMITTED', /has no tls\.crt$/],
])('%s: %s', (error, code, pattern) => {
  put('username', 'ada');
  const trouble = troubleOf(error, access, 'nats://a:1');
  expect(trouble.code).toBe(code);
  expect(trouble.sentence).toMatch(pattern);
  expect(trouble.sentence).toContain('nats://a:1');
});
