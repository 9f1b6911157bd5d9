import type { Pod } from './policies.ts';

/** A pod speaks before the API server knows its address: by less than this. */
export const REPORTED_MS = 10_000;

/** A pod as the API server has it. */
export interface ReportedPod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly containers: readonly { readonly ports?: Pod['ports'] }[] };
  readonly status: { readonly podIP?: string; readonly phase?: string };
}

interface Holder {
  readonly uid: string;
  readonly pod: Pod;
  readonly since: number;
}

/** Who had which address when: a node with a new disk gives the addresses of the old one again. */
export class PodAddresses {
  readonly #holders = new Map<string, Holder[]>();

  /** @param now in milliseconds, as for `holder` */
  note(pods: readonly ReportedPod[], now: number): void {
    for (const { metadata, spec, status } of pods) {
      const { podIP } = status;
      // One that has ended names the address that it had.
      const hasEnded = status.phase === 'Succeeded' || status.phase === 'Failed';
      if (podIP === undefined || (hasEnded && this.#holders.has(podIP))) continue;
      const { uid, name, namespace, labels = {} } = metadata;
      const before = this.#holders.get(podIP) ?? [];
      if (before.some((holder) => holder.uid === uid)) continue;
      const pod = { name, namespace, labels, ports: spec.containers.flatMap((c) => c.ports ?? []) };
      this.#holders.set(podIP, [...before, { uid, pod, since: now - REPORTED_MS }]);
    }
  }

  /** The pod that had an address, or had it last: somebody may still ask for one that is gone. */
  holder(address: string, at: number): Pod | undefined {
    return this.#holders.get(address)?.findLast(({ since }) => since <= at)?.pod;
  }
}
