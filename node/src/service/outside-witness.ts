import type { Interest, NatsLink } from '../../../link/src/nats-link.ts';
import type { Subjects } from '../../../contract/src/subjects.ts';
import { parseEvidence, type Evidence, type WitnessReport } from '../../../contract/src/witness.ts';
import type { MemberId } from '../paxos/ballot.ts';
import type { LogEnd } from '../paxos/log-end.ts';

/** What has changed is reported so often, at most. */
const CHANGED_MS = 2_000;
/** A witness may have come meanwhile, or have missed something. */
const AGAIN_MS = 60_000;

export interface OutsideWitnessPorts {
  readonly connection: NatsLink;
  readonly subjects: Subjects;
  readonly self: MemberId;
  /** How far the log goes now. */
  end(): LogEnd;
  testified(evidence: Evidence): void;
}

/**
 * The witness that is none of the members, and has its memory outside of their volumes: on
 * Kubernetes, the operator. It is told how far the log goes, and asked at the start. Nobody waits
 * for it for long: see paxos/admission.ts.
 */
export class OutsideWitness {
  readonly #ports: OutsideWitnessPorts;
  readonly #interest: Interest;
  readonly #timer: NodeJS.Timeout;
  #said = -1;
  #saidAt = -Infinity;

  constructor(ports: OutsideWitnessPorts) {
    this.#ports = ports;
    const { connection, subjects, self } = ports;
    this.#interest = connection.subscribe(subjects.evidence(self), (message) => {
      const evidence = parseEvidence(message.string());
      if (evidence !== undefined) ports.testified(evidence);
    });
    this.#timer = setInterval(() => this.#report(), CHANGED_MS);
  }

  /** What does it remember of this member? */
  ask(): void {
    this.#say(true);
  }

  #report(): void {
    const isChanged = this.#ports.end().sequence !== this.#said;
    if (isChanged || performance.now() - this.#saidAt >= AGAIN_MS) this.#say(false);
  }

  #say(asks: boolean): void {
    const { connection, subjects, self } = this.#ports;
    const { incarnation, sequence } = this.#ports.end();
    const report: WitnessReport = { member: self, incarnation, sequence, asks };
    connection.publish(subjects.witness, Buffer.from(JSON.stringify(report)));
    this.#said = sequence;
    this.#saidAt = performance.now();
  }

  /** Says and hears nothing any more; the connection stays. */
  detach(): void {
    clearInterval(this.#timer);
    this.#interest.end();
  }
}
