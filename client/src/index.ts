/** What an application imports: see docs/sdk.md. */
export { connect, SynodClient } from './client.ts';
export type { ConnectOptions } from './client.ts';
export { SynodError } from '../../contract/src/synod-error.ts';
export type { ErrorCode } from '../../contract/src/error-codes.ts';
export type { ClientRole } from '../../contract/src/roles.ts';

export { chatLog } from '../../machines/src/chat-log/calls.ts';
export type { AppendedText, ChatLog, TextPage } from '../../machines/src/chat-log/calls.ts';
export { counter } from '../../machines/src/counter/calls.ts';
export type { Counter, RegisterValue } from '../../machines/src/counter/calls.ts';
export type * from '../../machines/src/port/calls.ts';
export type { Consistency } from '../../contract/src/read-request.ts';

export type { Admin } from './admin.ts';
export type { StatusOptions } from './admin-requests.ts';
export type { ClusterMember, Members } from './members.ts';
export type { ChangeOptions } from './membership.ts';
export type { Recovery } from './recovery.ts';
export type { SnapshotOptions, SnapshotPart } from './snapshot.ts';
export type { AlarmCode } from '../../contract/src/alarms.ts';
export type { FirstConfiguration } from '../../contract/src/first-configuration.ts';
export type { MachineVersion } from '../../contract/src/machine-version.ts';
export type { MemberLists } from '../../contract/src/membership.ts';
export type { RecoveryRequest, SetAsideRequest } from '../../contract/src/recovery.ts';
export type { HeldSnapshot, SnapshotName } from '../../contract/src/snapshot.ts';
export type {
  HaltCause,
  IncomingState,
  MemberRole,
  MemberStatus,
} from '../../contract/src/status.ts';
