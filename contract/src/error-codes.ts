/** Every refusal that a client can get, with what to do. The codes are part of the contract. */
export const errors = {
  NO_LEADER: 'No member leads the cluster right now. Try again shortly.',
  NOT_LEADING: 'The member that was asked no longer leads. Try again: another member leads.',
  NOT_SERVING:
    'The member that was asked cannot serve reads right now. Try again: another one may.',
  OVERLOADED:
    'Too many commands wait, or a disk or quorum is slow. Try again after the time in the hint.',
  TOO_LARGE: 'The command is larger than the cluster takes. Split it, or make it smaller.',
  ANSWER_TOO_LARGE:
    'The command ran, but its answer is larger than NATS takes, or than 1 MiB. Ask for less at once.',
  GARBLED: 'The request was changed on its way to the cluster. Send it again.',
  MALFORMED: 'The request could not be parsed. Client and cluster must speak the same version.',
  ALREADY_ANSWERED: 'The number is below the lowest one that the client declared unanswered.',
  TOO_MANY_IN_FLIGHT: 'The client has more unanswered commands than the cluster keeps replies for.',
  SESSION_EXPIRED:
    'The client was silent for longer than its session lives. The command may have run, once.',
  CLUSTER_CHANGED:
    'This is another cluster, for example one restored from a snapshot. It may lack what you were answered. Check what is there, then continue.',
  SESSIONS_FULL:
    'The cluster has reached its limit of sessions or stored replies. Try again when some have ended.',
  QUOTA_EXCEEDED:
    'The cluster is over its quota and refuses commands that make it larger. The command did not run. Raise --quota-bytes.',
  INVALID_OPERATION: 'The state machine does not know the operation. It changed nothing.',
  UNKNOWN_MEMBER:
    'No member with that id can do this. "synod member list" shows who votes and learns.',
  ALREADY_MEMBER: 'The cluster already has that member. Nothing was changed.',
  OUTDATED: 'Somebody else changed the members since you looked. Look again, then decide again.',
  PENDING: 'Another change of the members has not settled yet. Try again shortly.',
  LAST_VOTER:
    'This is the last voter. Without it the cluster would end. Promote another member first.',
  MANY_AT_ONCE: 'Only one voter may be added or removed at a time. Make one change after another.',
  TOO_MANY_VOTERS: 'A cluster has seven voters at most. Remove one first, then promote.',
  NO_QUORUM: 'Too few of the remaining voters answer now. Start or replace the silent ones first.',
  LAGS: 'The learner has not caught up, and may not vote yet. See that it runs, then try again.',
  NOT_SETTLED:
    'The change is decided, but a quorum does not have it on disk yet. Stop no member; ask again.',
  NO_MEMBER: 'No member with that id answers. "synod status" shows those that do.',
  TWO_CLUSTERS:
    'Members of two clusters answer under this name. Stop those of the one that should not run.',
  ANOTHER_CLUSTER: 'The member has another first configuration, for ever. It changed nothing.',
  ANOTHER_SNAPSHOT:
    'The cluster begins with a snapshot, and the member holds another one, or none. Restore that one.',
  ANOTHER_MACHINE:
    'The member was started with another state machine than the cluster has. It changed nothing.',
  OLD_MACHINE:
    'The member does not have the version of the state machine that is in force. Start a newer Synod.',
  DAMAGED: 'The member found its data damaged, and has no roles. "synod status" says where.',
  FAILED:
    'Something failed in the member that was asked, and its log says what. "synod status" shows how it is.',
  HAS_LEADER:
    'The member hears a leader, which has a quorum: nothing has to be recovered. It changed nothing.',
  INCOMPLETE:
    'The state of the member is incomplete, and its log begins too late to rebuild it. Recover from another.',
  SNAPSHOT_BUSY:
    'The member is giving a snapshot to somebody else. Ask another member, or try again later.',
  SNAPSHOT_GONE:
    'The member no longer has that snapshot: it took too long, or the member was restarted. Begin again.',
  NO_CLUSTER:
    'No member of that cluster answers. Check its name; "synod up" starts it, if it does not run.',
  INVALID_ARGUMENT: 'The call cannot use what it was given. Nothing was sent.',
  CLOSED: 'The client was closed and takes no more calls. Connect again.',
  NOT_TRANSFERRED: 'No other member took over in time. The leader still leads. Try again.',
  TIMED_OUT:
    'No answer came in time. The command may still be decided. A new call is a new command.',
  NOT_ALLOWED: 'The NATS user may not do that. Use one whose role may: docs/security.md has them.',
  NOT_ADMITTED: 'NATS refuses this connection. Check its credentials and certificates.',
  UNREACHABLE: 'The NATS server cannot be reached. Check its URL and that it runs.',
} as const;

export type ErrorCode = keyof typeof errors;

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errors, code);
}

/** How a process of Synod ends (after sysexits.h where it has one). */
export const exitCodes = {
  ok: 0,
  /** It ran, but not everything that was asked for happened. */
  failed: 1,
  /** Wrong command line, configuration or script. */
  usage: 2,
  /** The cluster serves, but something is amiss: `synod status` alone ends so. */
  degraded: 3,
  /** The cluster takes no commands: no leader, no quorum, or nothing is decided. As above. */
  notServing: 4,
  /** The data folder is in use, foreign, of a newer format or machine, or cannot be had. */
  dataRefused: 65,
  /** NATS, or a program that is needed, cannot be had. */
  unavailable: 69,
  /** A broken invariant: a defect of Synod. */
  invariant: 70,
  /** A write or fsync failed, or a file could not be opened. */
  io: 74,
  /** Its data was set aside, as it was asked to: whoever is started next is somebody new. */
  again: 75,
} as const;
