import type { ClientRole } from './roles.ts';

/**
 * Every NATS subject of Synod. All of a cluster's are below `synod.<namespace>.<name>.`, and the
 * answers to its clients below `_INBOX.synod.<namespace>.<name>.`. Each kind has a branch of its
 * own, so that permissions can tell the roles apart: see permissions.ts.
 */
export interface Subjects {
  /** To one member: protocol messages. */
  member(id: string): string;
  /** To every member: protocol messages that the broker fans out. */
  readonly members: string;
  /** Tells, and asks, the witness that is none of the members: see witness.ts. */
  readonly witness: string;
  /** To one member: what that witness remembers of it. */
  evidence(id: string): string;
  /** Commands of clients. Only the active leader subscribes: "no responders" means no leader. */
  readonly request: string;
  /** Commands that change nothing, of clients that may not write. Only the active leader, too. */
  readonly read: string;
  /** Asks every member for its status. */
  readonly status: string;
  /** Asks the leader to hand over; only it subscribes. */
  readonly transfer: string;
  /** Asks the leader for a change of the members; only it subscribes. */
  readonly membership: string;
  /** Tells one member the first configuration. */
  form(id: string): string;
  /** Asks one member to begin a new cluster with what it has. */
  recover(id: string): string;
  /** Asks one member to set its data aside. */
  setAside(id: string): string;
  /** Asks one member for a snapshot of its state. */
  snapshot(id: string): string;
  /** What the subjects begin with at which clients of a role get their answers. */
  inbox(role: ClientRole): string;
  /** Tells the clients of a role that another member leads now; it is below their inbox. */
  leading(role: ClientRole): string;
}

/** @param namespace `local` outside Kubernetes */
export function subjectsOf(namespace: string, name: string): Subjects {
  const cluster = `synod.${namespace}.${name}`;
  return {
    member: (id) => `${cluster}.member.${id}`,
    members: `${cluster}.members`,
    witness: `${cluster}.witness`,
    evidence: (id) => `${cluster}.evidence.${id}`,
    request: `${cluster}.request`,
    read: `${cluster}.read`,
    status: `${cluster}.admin.status`,
    transfer: `${cluster}.admin.transfer`,
    membership: `${cluster}.admin.membership`,
    form: (id) => `${cluster}.admin.form.${id}`,
    recover: (id) => `${cluster}.admin.recover.${id}`,
    setAside: (id) => `${cluster}.admin.set-aside.${id}`,
    snapshot: (id) => `${cluster}.admin.snapshot.${id}`,
    inbox: (role) => `_INBOX.${cluster}.${role}`,
    leading: (role) => `_INBOX.${cluster}.${role}.leading`,
  };
}

/** The cluster that is meant where none is named. */
export const DEFAULT_CLUSTER = 'local';

/** Of every cluster outside Kubernetes. */
export const DEFAULT_NAMESPACE = 'local';

/** What may stand between the dots of a subject: names of namespaces, clusters and members. */
export const subjectToken = /^[A-Za-z0-9_-]{1,64}$/;
