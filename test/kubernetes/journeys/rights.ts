import type { Prometheus } from './prometheus.ts';
import type { Release } from './release.ts';

/*
 * What the operator may do, and what it did. A right is a verb and a resource, with its group:
 * `get apps/statefulsets`.
 */

export interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly verbs: readonly string[];
}

interface Role {
  readonly rules?: readonly Rule[];
}

interface Binding {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
  }[];
}

interface List<T> {
  readonly items: readonly T[];
}

/** A kind of request that was made, and how it was answered. */
export interface Call {
  readonly right: string;
  /** HTTP's, or `none` without an answer. */
  readonly code: string;
}

/** Rights that a run may have no use for, and why they are there all the same. */
const seldomUsed: Readonly<Record<string, string>> = {
  'delete apps/statefulsets': 'a StatefulSet is made again when its volumes grow; here none can',
  'patch configmaps': 'the map changes hands when volumes are to go with their cluster, or not',
  'delete configmaps': 'only when a cluster is recovered from a lost quorum',
  'get nodes': 'only when a member is silent',
  'patch events.k8s.io/events': 'only when the same happens again within ten minutes',
};

function rightTo(verb: string, group: string, resource: string): string {
  return group === '' ? `${verb} ${resource}` : `${verb} ${group}/${resource}`;
}

export function rightsOf(rules: readonly Rule[]): Set<string> {
  return new Set(
    rules.flatMap(({ apiGroups = [], resources = [], verbs }) =>
      verbs.flatMap((verb) =>
        apiGroups.flatMap((group) => resources.map((resource) => rightTo(verb, group, resource))),
      ),
    ),
  );
}

/** What the roles of the release's operator allow, as the API server has them. */
export async function grantedRights(release: Release): Promise<Set<string>> {
  const kinds = ['rolebindings', 'clusterrolebindings'];
  const lists = await Promise.all(kinds.map((kind) => release.get<List<Binding>>(kind)));
  const isOurs = ({ subjects = [] }: Binding): boolean =>
    subjects.some(
      ({ kind, name, namespace }) =>
        kind === 'ServiceAccount' &&
        name === `${release.name}-operator` &&
        namespace === release.namespace,
    );
  const bindings = lists.flatMap(({ items }) => items.filter(isOurs));
  const roles = await Promise.all(
    bindings.map(({ roleRef: { kind, name } }) => release.get<Role>(kind, name)),
  );
  return rightsOf(roles.flatMap(({ rules = [] }) => rules));
}

/** What all operators of the release have asked of the API server since Prometheus was started. */
export async function callsMade(release: Release, prometheus: Prometheus): Promise<Call[]> {
  const { name, namespace } = release;
  const pods = `namespace="${namespace}", pod=~"${name}-operator-.+"`;
  const most = `max_over_time(synod_operator_api_requests_total{${pods}}[7d])`;
  const samples = await prometheus.query(`max by (verb, group, resource, code) (${most})`);
  return samples.map(({ labels: { verb = '', group = '', resource = '', code = '' } }) => ({
    right: rightTo(verb, group, resource),
    code,
  }));
}

/**
 * @param hasRestarted the API server was started again: until it knows its roles it refuses
 * everybody, so that a refusal counts only of calls that it never allowed
 * @returns a line for each call that no rule allows, or that was refused
 */
export function callsWithoutRight(
  granted: ReadonlySet<string>,
  calls: readonly Call[],
  hasRestarted: boolean,
): string[] {
  const allowed = new Set(calls.filter(({ code }) => /^2/.test(code)).map(({ right }) => right));
  const isRefused = ({ right, code }: Call) =>
    code === '403' && !(hasRestarted && allowed.has(right));
  return calls
    .filter((call) => isRefused(call) || !granted.has(call.right))
    .map(({ right, code }) => `${right} was answered with ${code}`);
}

/** @returns what the rules allow for no reason that is known here */
export function rightsWithoutCall(granted: ReadonlySet<string>, calls: readonly Call[]): string[] {
  const used = new Set(calls.map(({ right }) => right));
  return [...granted].filter((right) => !used.has(right) && !Object.hasOwn(seldomUsed, right));
}
