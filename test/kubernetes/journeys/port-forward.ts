import type { ChildProcess } from 'node:child_process';
import type { Kubectl } from '../lab/kubectl.ts';
import type { Dialled } from './kubernetes.ts';

const START_MS = 10_000;

/** A port of this host that leads to one of a pod, for as long as its kubectl runs. */
export class PortForward {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /**
   * @param onEnd called once, as soon as it leads nowhere: when a connection to its pod failed
   * @returns `undefined` when the pod can't be reached
   */
  static async open(
    kubectl: Kubectl,
    { metadata: { name, namespace } }: Dialled,
    port: number,
    onEnd: () => void,
  ): Promise<PortForward | undefined> {
    const where = ['--namespace', namespace, `pod/${name}`, `:${port}`];
    const child = kubectl.start(['port-forward', '--address', '127.0.0.1', ...where]);
    child.once('close', onEnd);
    const local = await new Promise<number | undefined>((resolve) => {
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        const found = /^Forwarding from 127\.0\.0\.1:(\d+)/m.exec(said)?.[1];
        if (found !== undefined) resolve(Number(found));
      });
      for (const end of ['error', 'close']) child.once(end, () => resolve(undefined));
      setTimeout(() => resolve(undefined), START_MS).unref();
    });
    const forward = new PortForward(child, local ?? 0);
    if (local !== undefined) return forward;
    forward.close();
    return undefined;
  }

  close(): void {
    this.#child.kill();
  }
}
