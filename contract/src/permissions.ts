import { clientRoles, type ClientRole, type Role } from './roles.ts';
import { subjectsOf, subjectToken } from './subjects.ts';

/** What a NATS user may do, in the words of nats-server's configuration; nothing else. */
export interface Permissions {
  readonly publish: { readonly allow: readonly string[] };
  readonly subscribe: { readonly allow: readonly string[] };
}

/**
 * What each role needs in one cluster. Nobody but members hears what is sent to members, or may
 * answer; each client role has an inbox of its own, and hears no answers to others.
 * @throws RangeError when a name could stand for more than one cluster
 */
export function permissionsOf(
  namespace: string,
  name: string,
): Readonly<Record<Role, Permissions>> {
  for (const token of [namespace, name]) {
    if (!subjectToken.test(token)) throw new RangeError(`${JSON.stringify(token)} is no name`);
  }
  const subjects = subjectsOf(namespace, name);
  const { request, read, status, transfer, membership, witness } = subjects;
  const evidence = subjects.evidence('*');
  const client = (role: ClientRole, publish: readonly string[]): Permissions => ({
    publish: { allow: publish },
    subscribe: { allow: [answersTo(role)] },
  });
  const answersTo = (role: ClientRole): string => `${subjects.inbox(role)}.>`;
  const protocol = [subjects.member('*'), subjects.members];
  const direct = [subjects.form('*'), subjects.recover('*'), subjects.setAside('*')];
  const administration = [status, transfer, membership, ...direct];
  // It reads everything.
  const snapshot = subjects.snapshot('*');
  return {
    member: {
      publish: { allow: [...protocol, witness, ...clientRoles.map(answersTo)] },
      subscribe: { allow: [...protocol, evidence, request, read, ...administration, snapshot] },
    },
    operator: {
      publish: { allow: [...administration, evidence] },
      subscribe: { allow: [answersTo('operator'), witness] },
    },
    administrator: client('administrator', [request, read, ...administration, snapshot]),
    writer: client('writer', [request, read, status]),
    reader: client('reader', [read, status]),
  };
}
