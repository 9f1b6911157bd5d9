import type { Socket } from 'node:net';
import type { CommandOptions } from '../lab/command.ts';
import type { Kubectl } from '../lab/kubectl.ts';
import type { Lab } from '../lab/lab.ts';

/** A pod that can be connected to. */
export interface Dialled {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly status: { readonly podIP?: string };
}

/** The Kubernetes that journeys go through: the lab, or a cluster that somebody has. */
export interface Kubernetes {
  readonly kubectl: Kubectl;
  /** Where nodes, volumes and processes can be harmed: not on somebody's cluster. */
  readonly lab: Lab | undefined;
  /** The project's image, which every node has or can have. */
  readonly image: string;

  /** Makes ready what the chart is installed on. */
  up(): Promise<void>;

  /** @param keeps or else what is there since `up` is taken away */
  end(keeps: boolean): Promise<void>;

  helm(args: readonly string[], options?: CommandOptions): Promise<string>;

  /** The same image under another name, or another version of it. */
  nextImage(): Promise<string>;

  /** Connects from this host to a port of a pod; `undefined` when nobody answers. */
  dial(pod: Dialled, port: number): Promise<Socket | undefined>;
}
