import fs from 'node:fs';
import path from 'node:path';
import { connect as connectNats, type Status } from 'nats';
import { encodeChatOperation } from '../../machines/src/chat-log/operations.ts';
import type { ErrorCode } from '../../contract/src/error-codes.ts';
import { SynodError } from '../../contract/src/synod-error.ts';
import { encodeRead } from '../../contract/src/read-request.ts';
import { parseReplies, type Reply } from '../../contract/src/reply.ts';
import { clientRoles, type ClientRole } from '../../contract/src/roles.ts';
import { subjectsOf } from '../../contract/src/subjects.ts';
import { synod } from './cli-run.ts';
import { passwordOf, SecureCluster, userOf } from './secure-cluster.ts';
import { until } from './test-cluster.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';

/* Users, permissions and TLS of a real nats-server: see docs/security.md. */

const everybody = [userOf('member'), ...clientRoles.map((role) => userOf(role))];

let secure: SecureCluster;
beforeEach(async () => {
  secure = await SecureCluster.prepare();
});
afterEach(() => secure.remove(), 20_000);

/** What a member has logged that matches. */
function said(member: string, pattern: RegExp): Promise<string> {
  return until(`${member} says ${String(pattern)}`, () =>
    secure.folder
      .log(member)
      .map(({ msg }) => String(msg))
      .find((msg) => pattern.test(msg)),
  );
}

/** A call is refused with a code, and a sentence that has something in it. */
async function refused(call: Promise<unknown>, code: ErrorCode, what: string | RegExp) {
  const error = await call.catch((cause: unknown) => cause);
  if (!(error instanceof SynodError)) throw new Error(`it is not refused: ${String(error)}`);
  expect(error.code).toBe(code);
  if (typeof what === 'string') expect(error.message).toContain(what);
  else expect(error.message).toMatch(what);
}

describe('a cluster with users', () => {
  const subjects = subjectsOf('local', 'journey');

  beforeEach(async () => {
    secure.allow([...everybody, userOf('writer', 'stranger', 'other')]);
    await secure.nats.start();
    await secure.start();
  }, 30_000);

  /** Tries to publish or subscribe as a user, past the SDK. @returns what NATS denies */
  async function denied(user: string, what: 'publish' | 'subscribe', subject: string) {
    const found: Status[] = [];
    const connection = await connectNats({
      ...{ servers: secure.natsUrl, user, pass: passwordOf(user) },
    });
    void (async () => {
      for await (const status of connection.status()) found.push(status);
    })();
    if (what === 'publish') connection.publish(subject);
    else connection.subscribe(subject, { callback: () => undefined });
    await connection.flush();
    await new Promise(setImmediate);
    await connection.close();
    return found.flatMap(({ permissionContext }) => permissionContext?.subject ?? []);
  }

  test('each role does what it is for, and is refused the rest in a sentence', async () => {
    const writer = await secure.client('writer');
    expect(await writer.machine(chatLog).append('hello')).toMatchObject({ position: 0 });
    expect((await writer.machine(chatLog).read()).texts).toEqual(['hello']);
    await refused(
      writer.admin.transferLeadership(),
      'NOT_ALLOWED',
      `user "writer" may not publish to ${subjects.transfer}`,
    );
    const ids = (await writer.admin.status({ expect: 3 })).map(({ member }) => member);
    await expect(writer.admin.removeMember(ids[0] ?? '')).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
    });

    const reader = await secure.client('reader');
    expect((await reader.machine(chatLog).read()).texts).toEqual(['hello']);
    expect(await reader.admin.status({ expect: 3 })).toHaveLength(3);
    await refused(
      reader.machine(chatLog).append('not by me'),
      'NOT_ALLOWED',
      `user "reader" may not publish to ${subjects.request}`,
    );
    expect((await reader.machine(chatLog).read()).texts).toEqual(['hello']);

    const operator = await secure.client('operator');
    await expect(operator.machine(chatLog).read()).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(ids).toContain(await operator.admin.transferLeadership());

    const joining = secure.startMember('n3', secure.credentials('member', 'member'));
    const { member } = await joining.ready;
    const administrator = await secure.client('administrator');
    await administrator.admin.addMember(member);
    expect((await administrator.admin.removeMember(member)).voters).toEqual(
      expect.arrayContaining(ids),
    );
    expect(await administrator.machine(chatLog).append('by an administrator')).toMatchObject({
      position: 1,
    });
  }, 60_000);

  test('a write that is passed off as a read is refused', async () => {
    const connection = await connectNats({
      ...{ servers: secure.natsUrl, user: 'reader', pass: passwordOf('reader') },
    });
    const answers: Reply[] = [];
    const inbox = `${subjects.inbox('reader')}.forger`;
    connection.subscribe(`${inbox}.*`, {
      callback: (_, { data }) => answers.push(...(parseReplies(data)?.replies ?? [])),
    });
    const operations = [
      encodeChatOperation({ type: 'read', from: 0, limit: 1 }),
      encodeChatOperation({ type: 'append', text: 'forged' }),
    ];
    const read = encodeRead({ number: 1, consistency: 'linearizable', operations });
    const [answer] = await until('an answer', () => {
      connection.publish(subjects.read, read, { reply: `${inbox}.0` });
      return answers.length > 0 ? answers : undefined;
    });
    expect(answer?.outcome).toEqual({ ok: false, code: 'NOT_ALLOWED' });
    await connection.close();
    expect((await (await secure.client('reader')).machine(chatLog).read()).total).toBe(0);
  }, 30_000);

  test("nobody hears or speaks for others; another cluster's user reaches nothing", async () => {
    const { request, members, status } = subjects;
    for (const subject of [request, members, status, subjects.member('x'), subjects.form('x')]) {
      expect(await denied('stranger', 'publish', subject)).toEqual([subject]);
    }
    for (const role of clientRoles) {
      const inboxes = clientRoles.filter((other) => other !== role);
      const hidden = [...inboxes.map((other) => `${subjects.inbox(other)}.>`), members, '>'];
      for (const subject of [...hidden, subjects.request]) {
        expect(await denied(role, 'subscribe', subject)).toEqual([subject]);
      }
      expect(await denied(role, 'publish', members)).toEqual([members]);
      const answer = `${subjects.inbox('writer')}.forged`;
      expect(await denied(role, 'publish', answer)).toEqual([answer]);
    }
    // What a client could have a member publish for it, by the subject that it wants answers at.
    expect(await denied('member', 'publish', subjects.transfer)).toEqual([subjects.transfer]);
    expect(await denied('member', 'publish', request)).toEqual([request]);

    const stranger = secure.credentials('stranger', 'stranger');
    const options = { natsCredentialsDir: stranger };
    await refused(
      secure.client('writer', options),
      'NOT_ALLOWED',
      'user "stranger" may not subscribe to _INBOX.synod.local.',
    );
  }, 30_000);

  test('the command line takes the same, from flags or variables', async () => {
    const cwd = secure.folder.path;
    const env = { SYNOD_NATS_URL: secure.natsUrl, SYNOD_CLUSTER: 'journey' };
    const as = (role: ClientRole): Record<string, string> => ({
      SYNOD_NATS_CREDENTIALS_DIR: secure.credentials(role, role),
      SYNOD_NATS_ROLE: role,
    });
    const written = await synod(['append', 'hello'], { cwd, env: { ...env, ...as('writer') } });
    expect(written).toMatchObject({ code: 0, stderr: '' });
    const flags = ['--nats-credentials', secure.credentials('reader', 'reader')];
    const read = await synod(['log', ...flags, '--nats-role', 'reader'], { cwd, env });
    expect(read).toEqual({ code: 0, stdout: 'hello\n', stderr: '' });

    const refused = await synod(['append', 'x'], { cwd, env: { ...env, ...as('reader') } });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('synod: NOT_ALLOWED: The NATS user may not do that.');
    const wrong = secure.credentials('wrong', 'writer', 'guessed');
    const outside = await synod(['log', '--nats-credentials', wrong], { cwd, env });
    expect(outside).toMatchObject({ code: 69, stdout: '' });
    expect(outside.stderr).toContain(
      `refuses user "writer" with the password in ${path.join(wrong, 'password')}`,
    );
    const none = await synod(['log'], { cwd, env });
    expect(none.stderr).toContain('wants a user and a password, and no folder with them is named');
    const missing = await synod(['log', '--nats-credentials', '/nowhere'], { cwd, env });
    expect(missing).toMatchObject({ code: 69, stdout: '' });
    expect(missing.stderr).toContain('/nowhere/username cannot be read; it has to hold');
  }, 60_000);

  test('permissions that were taken away by mistake: members hear again once they are back', async () => {
    const writer = await secure.client('writer');
    await writer.machine(chatLog).append('before');
    const [member, ...others] = everybody;
    const { permissions } = userOf('member');
    secure.allow([
      { name: 'member', password: passwordOf('member'), permissions: userOf('reader').permissions },
      ...others,
    ]);
    secure.nats.reload();
    await said('n0', /^NATS: user "member" may not (publish|subscribe) to synod\.local\.journey/);
    secure.allow(member === undefined ? [] : [{ ...member, permissions }, ...others]);
    secure.nats.reload();
    expect(await writer.machine(chatLog).append('after')).toMatchObject({ position: 1 });
    expect(await writer.admin.status({ expect: 3 })).toHaveLength(3);
  }, 60_000);
});

test('wrong, then missing credentials: a sentence, and it goes on once they are right', async () => {
  secure.allow(everybody);
  await secure.nats.start();
  const wrong = secure.credentials('n0', 'member', 'guessed');
  const node = secure.startMember('n0', wrong);
  const password = path.join(wrong, 'password');
  await said(
    'n0',
    /refuses user "member" with the password in \S+\/password \(authorization violation\); trying again\.$/,
  );
  fs.rmSync(password);
  const sentence = await said('n0', /cannot be read/);
  expect(sentence).toBe(
    `${password} cannot be read; it has to hold the password of the NATS user; trying again.`,
  );
  const shown = (await (await fetch(`${secure.folder.http('n0')}/status`)).json()) as {
    alarms: string[];
  };
  expect(shown.alarms).toEqual(['The connection to NATS is down.', sentence]);
  expect(node.running).toBe(true);
  secure.credentials('n0', 'member');
  expect(await node.ready).toMatchObject({ role: 'unformed', alarms: [] });

  // The same while it runs.
  secure.credentials('n0', 'member', 'guessed again');
  await secure.nats.kill();
  await said('n0', /^NATS does not answer at/);
  await secure.nats.start();
  const refusals = () => secure.folder.log('n0').filter(({ msg }) => /refuses/.test(String(msg)));
  const before = refusals().length;
  await until('the sentence', () => (refusals().length > before ? true : undefined));
  secure.credentials('n0', 'member');
  const operator = await secure.client('operator');
  await until('the member answers', async () =>
    (await operator.admin.status({ expect: 1 })).length === 1 ? true : undefined,
  );
}, 60_000);

test('TLS with a CA of its own, and client certificates: members and clients; a sentence without', async () => {
  secure.secure();
  secure.allow(everybody);
  await secure.nats.start();
  await secure.start();
  const writer = await secure.client('writer');
  expect(await writer.machine(chatLog).append('hello')).toMatchObject({ position: 0 });

  const byAddress = secure.client('reader', { natsUrl: secure.nats.url });
  await refused(byAddress, 'NOT_ADMITTED', /TLS with NATS at .* failed: .*IP: 127\.0\.0\.1/);
  const trusting = secure.client('reader', { natsTlsDir: undefined });
  await refused(trusting, 'NOT_ADMITTED', /TLS with NATS at .* failed: .*; no folder with its CA/);
  const nameless = path.join(secure.folder.path, 'nameless');
  fs.mkdirSync(nameless);
  const [from, to] = [path.join(secure.tlsDir, 'ca.crt'), path.join(nameless, 'ca.crt')];
  const empty = secure.client('reader', { natsTlsDir: nameless });
  await refused(empty, 'NOT_ADMITTED', `${to} cannot be read`);
  fs.copyFileSync(from, to);
  const anonymous = secure.client('reader', { natsTlsDir: nameless });
  await refused(anonymous, 'NOT_ADMITTED', /certificate required|may want a client's certificate/);
}, 60_000);
