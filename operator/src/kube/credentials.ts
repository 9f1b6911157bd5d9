import http, { type Agent, type OutgoingHttpHeaders } from 'node:http';
import https, { type AgentOptions, type RequestOptions } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import type { KubeConfig } from '@kubernetes/client-node';

/** Tokens in files are replaced now and then, and a kubeconfig's program may give short ones. */
const CURRENT_MS = 10_000;

/** With what a request shows who the operator is. */
interface Shown {
  readonly headers: OutgoingHttpHeaders;
  readonly agent: Agent;
  readonly until: number;
}

/** Token, keys and certificates for one API server, as the kubeconfig has them at the moment. */
export class Credentials {
  readonly #config: KubeConfig;
  readonly #server: URL;
  #shown: Promise<Shown> | undefined;
  #agent: Agent | undefined;
  /** Keys and certificates of the agent. */
  #material: AgentOptions | undefined;

  constructor(config: KubeConfig, server: URL) {
    this.#config = config;
    this.#server = server;
  }

  async current(): Promise<Shown> {
    const shown = this.#shown;
    const known = await shown?.catch(() => undefined);
    if (known !== undefined && performance.now() < known.until) return known;
    // Of those who waited for the old ones, the first reads them for all.
    if (this.#shown === shown) this.#shown = undefined;
    this.#shown ??= this.#read();
    return this.#shown;
  }

  /** They were refused: the next request reads them again. */
  forget(): void {
    this.#shown = undefined;
  }

  async #read(): Promise<Shown> {
    const until = performance.now() + CURRENT_MS;
    const options: RequestOptions = { headers: {} };
    await this.#config.applyToHTTPSOptions(options);
    const headers: OutgoingHttpHeaders = {
      ...(options.headers as OutgoingHttpHeaders),
      ...(typeof options.auth === 'string' && {
        Authorization: `Basic ${Buffer.from(options.auth).toString('base64')}`,
      }),
    };
    return { headers, agent: this.#agentFor(options), until };
  }

  /** An agent for each request would leak its connections: it is made anew only for other keys. */
  #agentFor(options: RequestOptions): Agent {
    const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
    const all = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
    const material = withoutUndefined(all);
    if (this.#agent === undefined || !isDeepStrictEqual(material, this.#material)) {
      this.#agent = this.#newAgent(options, material);
      this.#material = material;
    }
    return this.#agent;
  }

  #newAgent(options: RequestOptions, material: AgentOptions): Agent {
    // It was made for the proxy.
    const hasProxy = this.#config.getCurrentCluster()?.proxyUrl !== undefined;
    if (hasProxy && typeof options.agent === 'object') return options.agent;
    if (this.#server.protocol === 'http:') return new http.Agent({ keepAlive: true });
    return new https.Agent({ ...material, keepAlive: true });
  }
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}
