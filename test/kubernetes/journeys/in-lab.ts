import type { Socket } from 'node:net';
import { run, type CommandOptions } from '../lab/command.ts';
import type { Kubectl } from '../lab/kubectl.ts';
import type { Lab } from '../lab/lab.ts';
import { dial } from './dial.ts';
import type { Dialled, Kubernetes } from './kubernetes.ts';

const IMAGE = 'synod:lab';
const NEXT_IMAGE = 'synod:next';

/** The lab, with the image of this repository. */
export class InLab implements Kubernetes {
  readonly lab: Lab;

  constructor(lab: Lab) {
    this.lab = lab;
  }

  get kubectl(): Kubectl {
    return this.lab.kubectl;
  }

  async up(): Promise<void> {
    await this.lab.up();
    await this.lab.buildImage(IMAGE);
  }

  async end(keeps: boolean): Promise<void> {
    if (!keeps) await this.lab.down();
  }

  helm(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const environment = { KUBECONFIG: this.lab.kubeconfig };
    return run(this.lab.binaries.helm, args, { ...options, environment });
  }

  get image(): string {
    return IMAGE;
  }

  /** A worker with a new disk has forgotten the second name. */
  async nextImage(): Promise<string> {
    await this.lab.aliasImage(IMAGE, NEXT_IMAGE);
    return NEXT_IMAGE;
  }

  /** The host has routes to pods. */
  async dial({ status }: Dialled, port: number): Promise<Socket | undefined> {
    return status.podIP === undefined ? undefined : dial(status.podIP, port);
  }
}
