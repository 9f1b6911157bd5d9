import { CONTROL_PLANE_ADDRESS, HOST_ADDRESS } from '../lab/addresses.ts';
import type { Connection, End, Labels } from './policies.ts';

/* Who is to reach whom, and who is not: what the policies of the chart and the operator are for. */

const NATS_PORT = 4222;
const ROUTES_PORT = 6222;
const MONITOR_PORT = 8222;
const MEMBER_PORT = 8080;
const OPERATOR_PORT = 8081;
/** Nobody listens on it, as yet. */
const OTHER_PORT = 9229;
const COMPONENT = 'app.kubernetes.io/component';

/** Ways that are there in every cluster, as `kindOf` names them. */
export const needed: readonly string[] = [
  'member → nats:4222/TCP',
  'member → dns:53/UDP',
  'operator → nats:4222/TCP',
  'operator → member:8080/TCP',
  'operator → API server:6443/TCP',
  'operator → dns:53/UDP',
  'nats → nats:6222/TCP',
  'nats → dns:53/UDP',
  'install → API server:6443/TCP',
  'client → nats:4222/TCP',
  'prometheus → member:8080/TCP',
  'prometheus → operator:8081/TCP',
];

/** A pod of somebody else, on the same cluster. */
function other(name: string, labels: Labels, namespace = 'elsewhere'): End {
  // Documentation's range: nobody's.
  return { address: `192.0.2.${name.length}`, pod: { name, namespace, labels, ports: [] } };
}

const apiServer: End = { address: CONTROL_PLANE_ADDRESS };
const internet: End = { address: '203.0.113.1' };
const dns = other('dns', { 'k8s-app': 'kube-dns' }, 'kube-system');
const stranger = other('stranger', {});
const prometheus = other('prometheus', { [COMPONENT]: 'prometheus' }, 'monitoring');
const client = other('client', {
  'paxos.synod.dev/nats-client': 'true',
  [COMPONENT]: 'client',
});

/**
 * The load and Prometheus run on the host, which no policy knows. The load stands for a client with
 * the label that NATS' policy asks for, all else for a Prometheus in a namespace of its own.
 */
export function withStandIn(connection: Connection): Connection {
  if (connection.from.address !== HOST_ADDRESS) return connection;
  return { ...connection, from: connection.port === NATS_PORT ? client : prometheus };
}

/** Such as "member → nats:4222/TCP". */
export function kindOf({ from, to, port, protocol }: Connection): string {
  return `${roleOf(from)} → ${roleOf(to)}:${port}/${protocol}`;
}

function roleOf({ address, pod }: End): string {
  if (address === CONTROL_PLANE_ADDRESS) return 'API server';
  if (pod === undefined) return address;
  return pod.labels['k8s-app'] === 'kube-dns' ? 'dns' : (pod.labels[COMPONENT] ?? pod.name);
}

/** Pods of a release. */
export interface Cast {
  readonly member: End;
  readonly otherMember: End;
  readonly operator: End;
  readonly nats: End;
  readonly otherNats: End;
}

/** @throws Error when one of them is not among the pods */
export function castOf(ends: readonly End[], instance: string): Cast {
  const find = (component: string, not?: End): End => {
    const found = ends.find(
      (end) =>
        end.address !== not?.address &&
        end.pod?.labels[COMPONENT] === component &&
        end.pod.labels['app.kubernetes.io/instance'] === instance,
    );
    if (found === undefined) throw new Error(`There are too few pods of ${component}.`);
    return found;
  };
  const [member, nats] = [find('member'), find('nats')];
  return {
    ...{ member, otherMember: find('member', member), operator: find('operator') },
    ...{ nats, otherNats: find('nats', nats) },
  };
}

/** Connections of `needed`, but for those of jobs, which no policy selects. */
export function allowed({ member, operator, nats, otherNats }: Cast): Connection[] {
  return [
    ...to(nats, NATS_PORT, [member, operator, client]),
    ...to(otherNats, ROUTES_PORT, [nats]),
    ...to(member, MEMBER_PORT, [operator, prometheus]),
    ...to(operator, OPERATOR_PORT, [prometheus]),
    ...to(apiServer, 6443, [operator]),
    ...to(dns, 53, [member, operator, nats], 'UDP'),
    ...to(dns, 53, [member, operator, nats]),
  ];
}

export function forbidden(cast: Cast): Connection[] {
  const { member, otherMember, operator, nats } = cast;
  const neighbour = other('neighbour', {}, member.pod?.namespace);
  const impostor = other('impostor', member.pod?.labels ?? {});
  return [
    // Whoever has no business with NATS.
    ...to(nats, NATS_PORT, [stranger, neighbour, impostor, internet, prometheus]),
    ...to(nats, ROUTES_PORT, [stranger, client, member, operator]),
    ...to(nats, MONITOR_PORT, [stranger, client, member, operator, prometheus]),
    // What is not served today.
    ...to(member, OTHER_PORT, [stranger, operator, client]),
    ...to(operator, OTHER_PORT, [stranger, member]),
    // Where a process that was taken over would turn.
    ...to(otherMember, MEMBER_PORT, [member, nats]),
    ...to(operator, OPERATOR_PORT, [member, nats]),
    ...to(apiServer, 6443, [member, nats]),
    ...to(internet, 443, [member, nats]),
    ...to(internet, 80, [member, nats, operator]),
    ...to(stranger, MEMBER_PORT, [member, nats, operator]),
  ];
}

function to(end: End, port: number, sources: readonly End[], protocol = 'TCP'): Connection[] {
  return sources.map((from) => ({ from, to: end, port, protocol }));
}
