import { Refusals } from '../../../client/src/sdk/refusals.ts';
import type { NatsSecrets } from '../../../contract/src/nats-access.ts';
import { NatsLink } from '../../../contract/src/nats-link.ts';
import { subjectsOf } from '../../../contract/src/subjects.ts';
import type { PaxosCluster } from '../api/paxos-cluster.ts';

const DIAL_MS = 2_000;
/** There is a link for each cluster, and a look at which somebody is silent asks as well. */
const PING_MS = 30_000;
/** A server that was not there is not tried at every look. */
const RETRY_MS = 3_000;
/** Clusters that are gone need none any more. */
const IDLE_MS = 10 * 60_000;

/** The link to the NATS of one cluster: answers come where only its operator hears them. */
interface Entry {
  readonly url: string;
  /** As they were read last: the next connect takes them. */
  secrets: NatsSecrets;
  readonly events: LinkEvents;
  link: NatsLink | undefined;
  opening: Promise<void> | undefined;
  triedAt: number;
  usedAt: number;
}

/** Also knows whether there is a connection now, and how often one was lost. */
class LinkEvents extends Refusals {
  isUp = false;
  losses = 0;

  override connected(): void {
    this.isUp = true;
    super.connected();
  }

  override disconnected(): void {
    this.isUp = false;
    this.losses += 1;
    super.disconnected();
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

  /** @returns why there is no connection now, if there is none; without a full stop */
  async use(cluster: PaxosCluster, secrets: NatsSecrets): Promise<OpenLink | string> {
    const now = performance.now();
    this.#closeIdle(now);
    const entry = await this.#entryOf(cluster, secrets);
    entry.usedAt = now;
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
    if (entry === undefined) return undefined;
    entry.usedAt = performance.now();
    return openIn(entry);
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
      usedAt: 0,
    };
    this.#entries.set(key, entry);
    if (found !== undefined) await close(found);
    return entry;
  }

  #closeIdle(now: number): void {
    for (const [key, entry] of this.#entries) {
      if (now - entry.usedAt < IDLE_MS) continue;
      this.#entries.delete(key);
      void close(entry);
    }
  }
}

function openIn({ link, events }: Entry): OpenLink | undefined {
  if (link === undefined || !events.isUp) return undefined;
  const { losses } = events;
  const isUnbroken = () => events.isUp && events.losses === losses;
  return { link, refusals: events, isUnbroken };
}

/** Without a full stop. */
export function downAt(url: string): string {
  return `the connection to NATS at ${url} is down`;
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
  };
  const opened = await NatsLink.tryToOpen(options, events);
  if ('sentence' in opened) events.trouble(opened);
  else entry.link = opened;
  entry.opening = undefined;
}

async function close({ link, opening }: Entry): Promise<void> {
  await opening;
  await link?.close();
}
