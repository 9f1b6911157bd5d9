import { Refusals } from '../../../client/src/refusals.ts';
import type { NatsSecrets, NatsTrouble } from '../../../link/src/nats-access.ts';
import { NatsLink } from '../../../link/src/nats-link.ts';
import { subjectsOf } from '../../../contract/src/subjects.ts';
import type { PaxosCluster } from '../api/paxos-cluster.ts';

const DIAL_MS = 2_000;
/** There is a link for each cluster, and a look at which somebody is silent asks as well. */
const PING_MS = 30_000;
/** Servers that are not there are not tried all the time, nor at every look. */
const RETRY_MS = 3_000;

/** The link to the NATS of one cluster: answers come where only its operator hears them. */
interface Entry {
  readonly url: string;
  /** As they were read last: the next connect takes them. */
  secrets: NatsSecrets;
  readonly events: LinkEvents;
  link: NatsLink | undefined;
  opening: Promise<void> | undefined;
  triedAt: number;
}

/** Also knows whether there is a connection now, and how often one was lost. */
class LinkEvents extends Refusals {
  isUp = false;
  losses = 0;

  override connected(): void {
    this.isUp = true;
    super.connected();
  }

  override disconnected(reason: string | undefined): void {
    this.isUp = false;
    this.losses += 1;
    super.disconnected(reason);
  }
}

export interface OpenLink {
  readonly link: NatsLink;
  readonly refusals: Refusals;
  /** The connection is the one that it was, without a gap in which answers may be lost. */
  readonly isUnbroken: () => boolean;
}

export interface ClusterName {
  readonly namespace: string;
  readonly name: string;
}

export class NatsLinks {
  readonly #entries = new Map<string, Entry>();

  /** @returns why there is no connection now, if there is none */
  async use(cluster: PaxosCluster, secrets: NatsSecrets): Promise<OpenLink | NatsTrouble> {
    const now = performance.now();
    const entry = await this.#entryOf(cluster, secrets);
    if (entry.link === undefined && now - entry.triedAt > RETRY_MS) {
      entry.triedAt = now;
      entry.opening = open(cluster, entry);
    }
    await entry.opening;
    return openIn(entry) ?? entry.events.shutOut ?? downAt(entry.url);
  }

  /** As it was opened last. @returns `undefined` when there is no connection now */
  current({ namespace, name }: ClusterName): OpenLink | undefined {
    const entry = this.#entries.get(`${namespace}/${name}`);
    return entry && openIn(entry);
  }

  /** Of a cluster that is gone. */
  async forget({ namespace, name }: ClusterName): Promise<void> {
    const key = `${namespace}/${name}`;
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (entry !== undefined) await close(entry);
  }

  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(close));
  }

  async #entryOf(cluster: PaxosCluster, secrets: NatsSecrets): Promise<Entry> {
    const { namespace, name } = cluster.metadata;
    const { url } = cluster.spec.nats;
    const key = `${namespace}/${name}`;
    const found = this.#entries.get(key);
    if (found?.url === url) return Object.assign(found, { secrets });
    const entry: Entry = {
      url,
      secrets,
      events: new LinkEvents(),
      link: undefined,
      opening: undefined,
      triedAt: -Infinity,
    };
    this.#entries.set(key, entry);
    if (found !== undefined) await close(found);
    return entry;
  }
}

function openIn({ link, events }: Entry): OpenLink | undefined {
  if (link === undefined || !events.isUp) return undefined;
  const { losses } = events;
  const isUnbroken = () => events.isUp && events.losses === losses;
  return { link, refusals: events, isUnbroken };
}

export function downAt(url: string): NatsTrouble {
  return { code: 'UNREACHABLE', sentence: `the connection to NATS at ${url} is down` };
}

async function open({ metadata }: PaxosCluster, entry: Entry): Promise<void> {
  const { url, events } = entry;
  const options = {
    access: { url, secrets: () => entry.secrets },
    name: `synod operator ${metadata.namespace}/${metadata.name}`,
    inboxPrefix: subjectsOf(metadata.namespace, metadata.name).inbox('operator'),
    echo: true,
    dialMs: DIAL_MS,
    pingMs: PING_MS,
    retryMs: RETRY_MS,
  };
  const opened = await NatsLink.tryToOpen(options, events);
  if ('sentence' in opened) events.trouble(opened);
  else entry.link = opened;
  entry.opening = undefined;
}

async function close(entry: Entry): Promise<void> {
  await entry.opening;
  await entry.link?.close();
}
