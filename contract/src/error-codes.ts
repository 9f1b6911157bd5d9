/** Every refusal that a client can get, with what to do. The codes are part of the contract. */
export const errors = {
  NO_LEADER: 'No member leads the cluster right now. Try again shortly.',
  NOT_LEADING: 'The member that was asked does not lead any more. Try again: another one does.',
  NOT_SERVING:
    'The member that was asked cannot serve reads right now. Try again: another one may.',
  OVERLOADED: 'More commands wait than may, or a disk or quorum is slow. Try again after the hint.',
  TOO_LARGE: 'The command is larger than the cluster takes. Split it, or make it smaller.',
  ANSWER_TOO_LARGE:
    'It was done, but its answer is larger than 1 MiB, and than NATS takes. Ask for less at once.',
  GARBLED: 'The request was changed on its way to the cluster. Send it again.',
  MALFORMED: 'The request could not be parsed. Client and cluster must speak the same version.',
  ALREADY_ANSWERED: 'The number is below the lowest one that the client declared unanswered.',
  TOO_MANY_IN_FLIGHT: 'The client has more unanswered commands than the cluster keeps replies for.',
  SESSION_EXPIRED:
    'The client was silent for longer than its session lives. The command may have run, once.',
  CLUSTER_CHANGED:
    'The cluster is another one: it was restored from a snapshot, say, and may lack what it had answered. Look what is there, then go on.',
  SESSIONS_FULL:
    'The cluster keeps as many sessions, or replies of theirs, as it may. Try again when some end.',
  QUOTA_EXCEEDED:
    'The cluster is over its quota, and takes nothing that makes it larger. It did not run. Raise --quota-bytes, or delete something.',
  INVALID_OPERATION: 'The state machine does not know the operation. It changed nothing.',
  UNKNOWN_MEMBER:
    'No member with that id can do this. "synod member list" shows who votes and learns.',
  ALREADY_MEMBER: 'The cluster has that member already, as was asked for. It changed nothing.',
  OUTDATED: 'Others changed the members since they were looked at. Look again, then decide anew.',
  PENDING: 'Another change of the members has not settled yet. Try again shortly.',
  LAST_VOTER: 'It is the last voter, and the cluster would end with it. Promote another one first.',
  MANY_AT_ONCE: 'Only one voter may come or go at a time. Make one change after another.',
  TOO_MANY_VOTERS: 'A cluster has seven voters at most. Remove one first, then promote.',
  NO_QUORUM:
    'Too few voters would be left that answer now. Start or replace the silent ones first.',
  LAGS: 'The learner has not caught up, and may not vote yet. See that it runs, then try again.',
  NOT_SETTLED:
    'The change is decided, but a quorum has it not on disk yet. Stop nobody; ask again.',
  NO_MEMBER: 'No member with that id answers. "synod status" shows those that do.',
  ANOTHER_CLUSTER: 'The member has another first configuration, for ever. It changed nothing.',
  ANOTHER_SNAPSHOT:
    'The cluster begins with a snapshot, and the member holds another one, or none. Restore that one.',
  ANOTHER_MACHINE:
    'The member was started with another state machine than the cluster has. It changed nothing.',
  OLD_MACHINE:
    'The member has not the version of the state machine that is in force. Start a newer Synod.',
  DAMAGED: 'The member found its data damaged, and has no roles. "synod status" says where.',
  HAS_LEADER:
    'The member hears a leader, which has a quorum: nothing has to be recovered. It changed nothing.',
  INCOMPLETE:
    'The member has no whole state: its log begins above what it has applied. Recover from another.',
  SNAPSHOT_BUSY:
    'The member gives a snapshot to somebody else. Ask another one, or try again when that is done.',
  SNAPSHOT_GONE:
    'The member has let go of that snapshot: it took too long, or it was restarted. Begin anew.',
  NO_CLUSTER:
    'No member of that cluster answers. Check its name; "synod up" starts it, if it does not run.',
  INVALID_ARGUMENT: 'The call cannot take what it was given. It sent nothing.',
  CLOSED: 'The client was closed, and takes no more calls. Connect anew.',
  NOT_TRANSFERRED: 'No other member took over in time. The leader leads on; try again.',
  TIMED_OUT: 'No answer came in time. The command may still be decided; a retry runs it once.',
  NOT_ALLOWED: 'The NATS user may not do that. Use one whose role may: docs/security.md has them.',
  NOT_ADMITTED: 'NATS does not let this connection in. Check its credentials and certificates.',
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
