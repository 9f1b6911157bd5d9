/** What an application imports: see docs/sdk.md. */
export { connect, SynodClient, SynodError } from './client.ts';
export type { ClientRole, ConnectOptions } from './client.ts';
export type { Admin } from './admin.ts';
export type { StatusOptions } from './admin-requests.ts';
export type { ClusterMember, Members } from './members.ts';
export type { ChangeOptions } from './membership.ts';
export type { Recovery } from './recovery.ts';
export type { SnapshotOptions, SnapshotPart } from './snapshot.ts';
export type { ErrorCode } from '../../contract/src/error-codes.ts';
export type { FirstConfiguration } from '../../contract/src/first-configuration.ts';
export type { MemberLists } from '../../contract/src/membership.ts';
export type { Consistency } from '../../contract/src/read-request.ts';
export type { RecoveryRequest } from '../../contract/src/recovery.ts';
export type { MemberStatus } from '../../contract/src/status.ts';
export { chatLog } from '../../machines/src/chat-log/calls.ts';
export type { AppendedText, ChatLog, TextPage } from '../../machines/src/chat-log/calls.ts';
export { counter } from '../../machines/src/counter/calls.ts';
export type { Counter, RegisterValue } from '../../machines/src/counter/calls.ts';
export type {
  Answer,
  MachineCalls,
  Operations,
  ReadOptions,
} from '../../machines/src/port/calls.ts';
