/**
 * Every NATS subject of Synod. All of a cluster's are below `synod.<namespace>.<name>.`, and each
 * kind has a branch of its own, so that permissions can tell members, writers, readers and
 * administrators apart.
 */
export interface Subjects {
  /** To one member: protocol messages. */
  member(id: string): string;
  /** To every member: protocol messages that the broker fans out. */
  readonly members: string;
  /** Commands of clients. Only the active leader subscribes: "no responders" means no leader. */
  readonly request: string;
  /** Asks every member for its status. */
  readonly status: string;
  /** Asks the leader to hand over; only it subscribes. */
  readonly transfer: string;
  /** Asks the leader for a change of the members; only it subscribes. */
  readonly membership: string;
  /** Tells one member the first configuration. */
  form(id: string): string;
}

/** @param namespace `local` outside Kubernetes */
export function subjectsOf(namespace: string, name: string): Subjects {
  const prefix = `synod.${namespace}.${name}`;
  return {
    member: (id) => `${prefix}.member.${id}`,
    members: `${prefix}.members`,
    request: `${prefix}.request`,
    status: `${prefix}.admin.status`,
    transfer: `${prefix}.admin.transfer`,
    membership: `${prefix}.admin.membership`,
    form: (id) => `${prefix}.admin.form.${id}`,
  };
}

/** What may stand between the dots of a subject: names of namespaces, clusters and members. */
export const subjectToken = /^[A-Za-z0-9_-]{1,64}$/;
