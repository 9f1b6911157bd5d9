import { createServer, type Server } from 'node:http';
import { connect, type NatsConnection } from 'nats';
import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import type { MemberStatus } from '../../../contract/src/status.ts';
import { subjectsOf } from '../../../contract/src/subjects.ts';
import { HTTP_PORT } from '../../../operator/src/resources/names.ts';

export const MEMBERS = 3;
const WINDOW = 64;

/** Where the pod of a member would be: every address of 127.0.0.0/8 is this machine's. */
export function addressOf(cluster: number, ordinal: number): string {
  return `127.9.${cluster}.${ordinal + 1}`;
}

export function nameOf(cluster: number): string {
  return `idle-${cluster}`;
}

/** Plays the members of idle clusters in one process: they say that all is well, and no more. */
export class IdleMembers {
  readonly #connection: NatsConnection;
  readonly #servers: readonly Server[];

  private constructor(connection: NatsConnection, servers: readonly Server[]) {
    this.#connection = connection;
    this.#servers = servers;
  }

  static async start(natsUrl: string, namespace: string, clusters: number): Promise<IdleMembers> {
    const connection = await connect({ servers: natsUrl });
    const servers: Server[] = [];
    for (let cluster = 0; cluster < clusters; cluster += 1) {
      const statuses = Array.from({ length: MEMBERS }, (_, n) => statusOf(namespace, cluster, n));
      connection.subscribe(subjectsOf(namespace, nameOf(cluster)).status, {
        callback: (_, message) => {
          for (const status of statuses) message.respond(JSON.stringify(status));
        },
      });
      for (const [ordinal, status] of statuses.entries()) {
        const server = createServer((_, response) => response.end(JSON.stringify(status)));
        await new Promise<void>((resolve) => {
          server.listen(HTTP_PORT, addressOf(cluster, ordinal), resolve);
        });
        servers.push(server);
      }
    }
    return new IdleMembers(connection, servers);
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) server.close();
    await this.#connection.close();
  }
}

function idOf(cluster: number, ordinal: number): string {
  return `member-${cluster}-${ordinal}`;
}

function statusOf(namespace: string, cluster: number, ordinal: number): MemberStatus {
  const voters = Array.from({ length: MEMBERS }, (_, n) => idOf(cluster, n));
  const [leader = ''] = voters;
  const firstConfiguration: FirstConfiguration = {
    clusterId: `cluster-${cluster}`,
    members: voters,
    window: WINDOW,
  };
  return {
    cluster: nameOf(cluster),
    namespace,
    clusterId: firstConfiguration.clusterId,
    firstConfiguration,
    snapshot: null,
    name: `${nameOf(cluster)}-${ordinal}`,
    member: idOf(cluster, ordinal),
    version: '0.1.0',
    machine: 'chat-log',
    machineVersion: 1,
    newestMachineVersion: 1,
    mode: 'stable',
    role: ordinal === 0 ? 'leader' : 'follower',
    ready: true,
    ballot: `1.${leader}`,
    leader,
    configuration: 0,
    voters,
    learners: [],
    window: WINDOW,
    slotOut: 1_000,
    flushedSlotOut: 1_000,
    floor: 0,
    incoming: null,
    haltedBy: null,
    unheard: [],
    operationsApplied: 1_000,
    natsConnected: true,
    logBytes: 0,
    stateBytes: 0,
    uptimeSeconds: 60,
    alarms: [],
    alarmCodes: [],
  };
}
