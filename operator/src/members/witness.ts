import type { Interest, NatsLink } from '../../../link/src/nats-link.ts';
import { subjectsOf } from '../../../contract/src/subjects.ts';
import { parseReport } from '../../../contract/src/witness.ts';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import type { Figure } from '../api/status.ts';
import { Figures } from './figures.ts';
import type { ClusterName } from './nats-links.ts';

interface Hearing {
  readonly figures: Figures;
  readonly link: NatsLink;
  readonly interest: Interest;
}

/**
 * The operator as a witness of the members: it hears how far their logs go, and tells one that
 * starts what it remembers of it. It begins with what the status of the cluster has, so that it
 * knows before it answers.
 */
export class Witness {
  readonly #onFigure: (cluster: ClusterName) => void;
  readonly #hearings = new Map<string, Hearing>();

  constructor(onFigure: (cluster: ClusterName) => void = () => undefined) {
    this.#onFigure = onFigure;
  }

  /** Hears members over that link from now on, if it does not yet. */
  listen({ metadata, status }: PaxosCluster, link: NatsLink): void {
    const key = keyOf(metadata);
    const before = this.#hearings.get(key);
    if (before?.link === link) return;
    before?.interest.end();
    const figures = before?.figures ?? new Figures();
    figures.restore(status?.witness ?? []);
    const { namespace, name } = metadata;
    const subjects = subjectsOf(namespace, name);
    const interest = link.subscribe(subjects.witness, (message) => {
      const report = parseReport(message.string());
      if (report === undefined) return;
      const isNews = figures.heard(report);
      const evidence = figures.evidenceFor(report);
      if (evidence !== undefined) {
        link.publish(subjects.evidence(report.member), Buffer.from(JSON.stringify(evidence)));
      }
      if (isNews) this.#onFigure({ namespace, name });
    });
    this.#hearings.set(key, { figures, link, interest });
  }

  figuresOf(cluster: ClusterName): Figure[] {
    return this.#hearings.get(keyOf(cluster))?.figures.all ?? [];
  }

  /** Of a cluster that is gone. */
  forget(cluster: ClusterName): void {
    this.#hearings.get(keyOf(cluster))?.interest.end();
    this.#hearings.delete(keyOf(cluster));
  }
}

function keyOf({ namespace, name }: ClusterName): string {
  return `${namespace}/${name}`;
}
