import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { V1Pod } from '@kubernetes/client-node';
import { Client } from '../../../operator/src/kube/client.ts';
import { loadKubeConfig } from '../../../operator/src/kube/kube-config.ts';
import { kinds } from '../../../operator/src/kube/kinds.ts';

const META = '__meta_kubernetes';

/** As Prometheus wants it from an HTTP service discovery. */
interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Tells Prometheus of the pods of a namespace, with the labels that its own discovery of pods
 * gives: Debian's Prometheus is built without that one.
 */
export class Discovery {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(kubeconfig: string, namespace: string): Promise<Discovery> {
    const client = new Client(loadKubeConfig(kubeconfig, undefined), { deadlineMs: 5_000 });
    const list = async (): Promise<TargetGroup[]> => {
      const request = { verb: 'list', resource: kinds.Pod, namespace } as const;
      const { items } = (await client.send(request)) as { readonly items: readonly V1Pod[] };
      return items.flatMap(targetOf);
    };
    const server = createServer((_request, response) => {
      list().then(
        (groups) => {
          response.setHeader('Content-Type', 'application/json');
          response.end(JSON.stringify(groups));
        },
        // Prometheus goes on with what it knew.
        (error: unknown) => response.writeHead(503).end(String(error)),
      );
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new Discovery(server);
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function targetOf({ metadata, status }: V1Pod): TargetGroup[] {
  if (metadata === undefined || status?.podIP === undefined) return [];
  const { name = '', namespace = '', annotations = {} } = metadata;
  const labels = {
    [`${META}_namespace`]: namespace,
    [`${META}_pod_name`]: name,
    ...Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [
        `${META}_pod_annotation_${key.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`,
        value,
      ]),
    ),
  };
  return [{ targets: [status.podIP], labels }];
}
