import { BlockList, isIP } from 'node:net';

/*
 * What NetworkPolicies allow, as the reference of the API says it. Where networks differ, in
 * whether the address of a pod is in an ipBlock, here it is.
 */

export type Labels = Readonly<Record<string, string>>;

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

interface Port {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}

interface Rule {
  /** Of ingress. */
  readonly from?: readonly Peer[];
  /** Of egress. */
  readonly to?: readonly Peer[];
  readonly ports?: readonly Port[];
}

export interface NetworkPolicy {
  readonly metadata?: { readonly namespace?: string };
  readonly spec?: {
    readonly podSelector?: Selector;
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}

export interface Pod {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly ports: readonly {
    readonly name?: string;
    readonly containerPort: number;
    readonly protocol?: string;
  }[];
}

/** One of the two ends: a pod, or what has an address and is none. */
export interface End {
  readonly address: string;
  readonly pod?: Pod;
}

/** From whoever opened it; behind a Service, to the pod that the Service chose. */
export interface Connection {
  readonly from: End;
  readonly to: End;
  readonly protocol: string;
  readonly port: number;
}

type Direction = 'egress' | 'ingress';

/** The policies of a cluster, and the labels of its namespaces. */
export class Policies {
  readonly #policies: readonly NetworkPolicy[];
  readonly #namespaces: ReadonlyMap<string, Labels>;

  constructor(policies: readonly NetworkPolicy[], namespaces: ReadonlyMap<string, Labels>) {
    this.#policies = policies;
    this.#namespaces = namespaces;
  }

  /** @returns the direction in which no policy allows it; `undefined` when it is allowed */
  denial(connection: Connection): Direction | undefined {
    const { from, to } = connection;
    // Nothing keeps a pod from itself.
    if (from.address === to.address) return undefined;
    if (!this.#allows('egress', from, to, connection)) return 'egress';
    return this.#allows('ingress', to, from, connection) ? undefined : 'ingress';
  }

  /** Whoever no policy of that direction selects is free. */
  #allows(direction: Direction, { pod }: End, other: End, connection: Connection): boolean {
    if (pod === undefined) return true;
    const own = this.#policies.filter((policy) => isOf(policy, direction) && selects(policy, pod));
    if (own.length === 0) return true;
    return own.some(({ metadata, spec }) =>
      (spec?.[direction] ?? []).some(({ from, to, ports = [] }) => {
        const peers = (direction === 'egress' ? to : from) ?? [];
        const isPeer = (peer: Peer) => this.#isPeer(peer, metadata?.namespace, other);
        return (
          (peers.length === 0 || peers.some(isPeer)) &&
          (ports.length === 0 || ports.some((port) => isPort(port, connection)))
        );
      }),
    );
  }

  /** @param own the namespace of the policy */
  #isPeer(peer: Peer, own: string | undefined, { address, pod }: End): boolean {
    const { ipBlock, podSelector, namespaceSelector } = peer;
    if (ipBlock !== undefined) return isIn(ipBlock, address);
    if (pod === undefined) return false;
    const labels = this.#namespaces.get(pod.namespace) ?? {};
    const isPlace =
      namespaceSelector === undefined ? pod.namespace === own : matches(namespaceSelector, labels);
    return isPlace && matches(podSelector ?? {}, pod.labels);
  }
}

/** Without policyTypes it is of ingress, and of egress if it has rules of that. */
function isOf({ spec }: NetworkPolicy, direction: Direction): boolean {
  const hasEgress = spec?.egress !== undefined;
  const types = spec?.policyTypes ?? (hasEgress ? ['Ingress', 'Egress'] : ['Ingress']);
  return types.includes(direction === 'egress' ? 'Egress' : 'Ingress');
}

function selects({ metadata, spec }: NetworkPolicy, { namespace, labels }: Pod): boolean {
  return metadata?.namespace === namespace && matches(spec?.podSelector ?? {}, labels);
}

function matches({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      const isOne = value !== undefined && values.includes(value);
      switch (operator) {
        case 'In':
          return isOne;
        case 'NotIn':
          return !isOne;
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
        default:
          throw new Error(`No selector has the operator ${operator}.`);
      }
    })
  );
}

/** A name is one of a port of the pod that is connected to. */
function isPort({ protocol = 'TCP', port: asked, endPort }: Port, connection: Connection): boolean {
  const { to, port } = connection;
  if (protocol !== connection.protocol) return false;
  if (asked === undefined) return true;
  if (typeof asked === 'number') return asked <= port && port <= (endPort ?? asked);
  const named = to.pod?.ports.find(
    (each) => each.name === asked && (each.protocol ?? 'TCP') === protocol,
  );
  return named?.containerPort === port;
}

export function isIn(
  { cidr, except = [] }: NonNullable<Peer['ipBlock']>,
  address: string,
): boolean {
  return (
    rangeOf([cidr]).check(address, familyOf(address)) &&
    !rangeOf(except).check(address, familyOf(address))
  );
}

function rangeOf(cidrs: readonly string[]): BlockList {
  const range = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', prefix] = cidr.split('/');
    range.addSubnet(network, Number(prefix), familyOf(network));
  }
  return range;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
