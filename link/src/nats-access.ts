import fs from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { isNativeError } from 'node:util/types';
import { ErrorCode as NatsErrorCode, NatsError, type ConnectionOptions } from 'nats';
import type { ErrorCode } from '../../contract/src/error-codes.ts';
import type { NatsServer } from '../../contract/src/nats-servers.ts';

/** Where NATS is, and how one is let in: folders, as Kubernetes mounts a Secret. */
export interface NatsAccess {
  /** Of one server, or of several, separated by commas. */
  readonly url: string;
  /** A folder with the files `username` and `password`. */
  readonly credentialsDir?: string | undefined;
  /** A folder with `ca.crt`, and `tls.crt` with `tls.key` when clients have certificates. */
  readonly tlsDir?: string | undefined;
  /** In the place of the folders, of whoever reads Secrets itself; asked at every connect. */
  readonly secrets?: () => NatsSecrets;
}

/** What the folders hold, and where it is from, as in `the Secret synod-nats`. */
export interface NatsSecrets {
  readonly user?: {
    readonly username: string;
    readonly password: string;
    readonly source: string;
  };
  readonly tls?: {
    readonly ca: string;
    readonly own?: { readonly cert: string; readonly key: string };
    readonly source: string;
  };
}

/** Why NATS does not let one in, or cannot be reached; `sentence` has no full stop. */
export interface NatsTrouble {
  readonly code: Extract<ErrorCode, 'NOT_ADMITTED' | 'UNREACHABLE'>;
  readonly sentence: string;
}

type AccessOptions = Pick<ConnectionOptions, 'servers' | 'authenticator' | 'tls'>;
type TlsOptions = NonNullable<ConnectionOptions['tls']>;

/**
 * For nats.js. Every connect reads the files again: what was rotated is taken up by the next.
 * @param address where the server's host is
 */
export function accessOptions(
  access: NatsAccess,
  { host, port }: NatsServer,
  address: string,
): AccessOptions {
  const tls = tlsOf(access);
  // Its certificate has to be for what it is called. Of an address nats.js says nothing to TLS.
  const peer = isIP(host) === 0 ? { servername: host } : { host };
  return {
    servers: isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`,
    ...authenticatorOf(access),
    ...(tls && { tls: { ...tls, ...peer } }),
  };
}

function authenticatorOf({ credentialsDir, secrets }: NatsAccess) {
  const user = secrets?.().user;
  if (user !== undefined) {
    return { authenticator: () => ({ user: user.username, pass: user.password }) };
  }
  return credentialsDir === undefined ? {} : { authenticator: () => readUser(credentialsDir) };
}

function tlsOf({ tlsDir, secrets }: NatsAccess): TlsOptions | undefined {
  const tls = secrets?.().tls;
  if (tls !== undefined) return { ca: tls.ca, ...tls.own };
  return tlsDir === undefined ? undefined : tlsFiles(tlsDir);
}

/** Must not throw: nats.js would close the connection for good. */
function readUser(folder: string): { user: string; pass?: string } {
  return { user: readLine(folder, 'username') ?? '', pass: readLine(folder, 'password') ?? '' };
}

function tlsFiles(folder: string): TlsOptions {
  const file = (name: string): string => path.join(folder, name);
  const own = { certFile: file('tls.crt'), keyFile: file('tls.key') };
  return { caFile: file('ca.crt'), ...(hasCertificate(folder) && own) };
}

function hasCertificate(tlsDir: string): boolean {
  return fs.existsSync(path.join(tlsDir, 'tls.crt'));
}

/** What an editor or `echo` puts behind it does not count. */
function readLine(folder: string, file: string): string | undefined {
  try {
    return fs.readFileSync(path.join(folder, file), 'utf8').replace(/\r?\n$/, '');
  } catch {
    return undefined;
  }
}

/** What is missing before one can knock at all. */
export function missingFile({ credentialsDir, tlsDir }: NatsAccess): NatsTrouble | undefined {
  const wanted: [folder: string | undefined, file: string, holds: string][] = [
    [credentialsDir, 'username', 'the name of the NATS user'],
    [credentialsDir, 'password', 'the password of the NATS user'],
    [tlsDir, 'ca.crt', 'the certificate of the CA that NATS is trusted by'],
  ];
  if (tlsDir !== undefined && hasCertificate(tlsDir)) {
    wanted.push([tlsDir, 'tls.key', 'the key of tls.crt']);
  }
  for (const [folder, file, holds] of wanted) {
    const found = folder === undefined ? file : readLine(folder, file);
    if (folder === undefined || found) continue;
    const wrong = found === '' ? 'is empty' : 'cannot be read';
    const sentence = `${path.join(folder, file)} ${wrong}; it has to hold ${holds}`;
    return { code: 'NOT_ADMITTED', sentence };
  }
  return undefined;
}

/** The user that one connects as, to be named in sentences. */
export function userOf({ credentialsDir, secrets }: NatsAccess): string {
  const given = secrets?.().user?.username;
  if (given !== undefined) return `user ${JSON.stringify(given)}`;
  if (credentialsDir === undefined) return 'a user without a name';
  return `user ${JSON.stringify(readLine(credentialsDir, 'username') ?? '')}`;
}

/**
 * @param error of a connect of nats.js
 * @param server the URL that it was to
 * @param farewell what that server says to whom it turns away
 */
export function troubleOf(
  error: unknown,
  access: NatsAccess,
  server: string,
  farewell?: string,
): NatsTrouble {
  const { user, tls, hasOwn, kind } = sourcesOf(access);
  const refused = (sentence: string): NatsTrouble => ({ code: 'NOT_ADMITTED', sentence });
  if (error instanceof NatsError && error.isAuthError()) {
    const said = ` (${messageOf(error)})`;
    return refused(
      user === undefined
        ? `NATS at ${server} wants a user and a password, and no ${kind} with them is named` + said
        : `NATS at ${server} refuses ${userOf(access)} with the password in ${user}${said}`,
    );
  }
  const code = codeOf(error);
  if (farewell !== undefined) {
    return refused(`NATS at ${server} ended the connection: ${farewell}`);
  }
  if (code === (NatsErrorCode.ServerOptionNotAvailable as string) && tls !== undefined) {
    return refused(`NATS at ${server} has no TLS, and ${tls} wants it`);
  }
  if (/CERT|SSL|TLS|SIGNED|VERIFY|ISSUER/.test(code)) {
    const trusted = tls === undefined ? `no ${kind} with its CA is named` : `see ${tls}`;
    return refused(`TLS with NATS at ${server} failed: ${messageOf(error)}; ${trusted}`);
  }
  if (tls !== undefined && !hasOwn && /^(ECONNRESET|EPIPE)$/.test(code)) {
    // It may cut the connection before it is read why.
    return refused(
      `NATS at ${server} cut the connection: ${messageOf(error)}; it may want a client's ` +
        `certificate, and ${tls} has no tls.crt`,
    );
  }
  return {
    code: 'UNREACHABLE',
    sentence: `NATS does not answer at ${server}: ${messageOf(error)}`,
  };
}

/** Where that is from with which one connects. */
function sourcesOf({ credentialsDir, tlsDir, secrets }: NatsAccess) {
  if (secrets !== undefined) {
    const { user, tls } = secrets();
    const hasOwn = tls?.own !== undefined;
    return { user: user?.source, tls: tls?.source, hasOwn, kind: 'Secret' };
  }
  const user = credentialsDir && path.join(credentialsDir, 'password');
  const hasOwn = tlsDir !== undefined && hasCertificate(tlsDir);
  return { user, tls: tlsDir, hasOwn, kind: 'folder' };
}

/** The server may have cut the connection before it was read why. */
export function isCut(error: unknown): boolean {
  return /^(ECONNRESET|EPIPE|CONNECTION_CLOSED)$/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  return isNativeError(error) && 'code' in error ? String(error.code) : '';
}

/** In the server's own words, where it has said some. */
export function messageOf(error: unknown): string {
  if (!isNativeError(error)) return 'the connection was closed';
  // Where a host has several addresses, the error of all of them has no message of its own.
  const words = (error.message || codeOf(error)).replaceAll('_', ' ').replace(/\.$/, '');
  return error instanceof NatsError ? words.toLowerCase().replace(/^'(.*)'$/, '$1') : words;
}
