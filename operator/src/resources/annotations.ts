import { GROUP } from '../api/paxos-cluster.ts';

/** On a `PaxosCluster`, by a person: restarts the members one after another when it changes. */
export const RESTARTED_AT = `${GROUP}/restartedAt`;

/** On a `PaxosCluster`, by a person: `<pod>=<member id>`, several separated by commas. */
export const LOST = `${GROUP}/lost`;

/** On a volume, by the operator: the member in it that a configuration has named. */
export const MEMBER = `${GROUP}/member`;

/** On a StatefulSet, by the operator: see reconcile/template.ts. */
export const TEMPLATE = `${GROUP}/template`;

/** On a pod, by the operator: the snapshot that its member was to begin with. */
export const SNAPSHOT = `${GROUP}/snapshot`;

/** On a pod, by the operator: hash of the spec that its template was built for. */
export const SPEC_HASH = `${GROUP}/spec-hash`;
