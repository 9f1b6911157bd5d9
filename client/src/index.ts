/** What an application imports: see docs/sdk.md. */
export { connect, SynodClient, SynodError } from './client.ts';
export type {
  ClientRole,
  ConnectOptions,
  Consistency,
  ReadOptions,
  RegisterValue,
} from './client.ts';
export type { StatusOptions } from './admin.ts';
export type { Answer } from './lanes.ts';
export type { ClusterMember, Members } from './members.ts';
export type { ChangeOptions } from './membership.ts';
export type { SnapshotOptions, SnapshotPart } from './snapshot.ts';
export type { ErrorCode } from '../../contract/src/error-codes.ts';
export type { FirstConfiguration } from '../../contract/src/first-configuration.ts';
export type { MemberLists } from '../../contract/src/membership.ts';
export type { RecoveryRequest } from '../../contract/src/recovery.ts';
export type { MemberStatus } from '../../contract/src/status.ts';
