import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { natsAuthorization } from '../../contract/src/nats-users.ts';
import { permissionsOf } from '../../contract/src/permissions.ts';

const { writer, reader } = permissionsOf('local', 'test');
const text = natsAuthorization([
  { name: 'w', password: 'a "quoted" \\ $secret', permissions: writer },
  { name: { variable: 'READER' }, password: { variable: 'PASSWORD' }, permissions: reader },
]);

test('users as text, with what is given and with variables', () => {
  expect(text).toContain('user: "w"\n      password: "a \\"quoted\\" \\\\ $secret"\n');
  expect(text).toContain('user: $READER\n      password: $PASSWORD\n');
  expect(text).toContain('subscribe: { allow: ["_INBOX.synod.local.test.reader.>"] }');
});

test('nats-server takes it', () => {
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-users-'));
  try {
    const file = path.join(folder, 'nats.conf');
    fs.writeFileSync(file, text);
    const environment = { ...process.env, READER: 'r', PASSWORD: '"12345"' };
    const program = process.env['NATS_SERVER'] ?? 'nats-server';
    const check = () =>
      execFileSync(program, ['-t', '--config', file], { env: environment, stdio: 'pipe' });
    expect(check).not.toThrow();
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});
