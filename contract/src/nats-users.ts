import type { Permissions } from './permissions.ts';

/** Given as it is; or by the name of a variable, which nats-server takes from its environment. */
export type NatsSetting = string | { readonly variable: string };

export interface NatsUser {
  readonly name: NatsSetting;
  readonly password: NatsSetting;
  readonly permissions: Permissions;
}

/**
 * The users as a part of nats-server's configuration. It reads a variable like a value in that
 * file: one that may look like a number, or has spaces, has to be quoted in the environment.
 */
export function natsAuthorization(users: readonly NatsUser[]): string {
  const blocks = users.map(({ name, password, permissions: { publish, subscribe } }) =>
    [
      '    {',
      `      user: ${setting(name)}`,
      `      password: ${setting(password)}`,
      '      permissions: {',
      `        publish: { allow: ${JSON.stringify(publish.allow)} }`,
      `        subscribe: { allow: ${JSON.stringify(subscribe.allow)} }`,
      '      }',
      '    }',
    ].join('\n'),
  );
  return `authorization {\n  users: [\n${blocks.join('\n')}\n  ]\n}\n`;
}

function setting(value: NatsSetting): string {
  return typeof value === 'string' ? JSON.stringify(value) : `$${value.variable}`;
}
