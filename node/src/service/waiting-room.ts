import { startHttp, type HttpServer } from '../../../host/src/http-server.ts';
import type { WaitingStatus } from '../../../contract/src/status.ts';
import { VERSION } from '../../../contract/src/version.ts';
import type { Config } from '../config.ts';
import type { FolderWait } from '../storage/folder-lock.ts';
import type { Logger } from '../../../host/src/logger.ts';

/** So often it is said what is waited for. */
const SAY_MS = 2_000;

/**
 * Where a process stays until its data folder is free. It is no member yet, and has no id to show:
 * whoever has the folder is the member. It says what it waits for, in its log and over HTTP.
 */
export class WaitingRoom {
  readonly #config: Config;
  readonly #log: Logger;
  #http: Promise<HttpServer | undefined> | undefined;
  #wait: FolderWait | undefined;
  #saidAt = -Infinity;

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
  }

  /** Called again and again while it waits. */
  waits(wait: FolderWait): void {
    this.#wait = wait;
    this.#http ??= this.#show();
    if (performance.now() - this.#saidAt < SAY_MS) return;
    this.#saidAt = performance.now();
    const { folder, holder } = wait;
    this.#log.warn({ folder, holder }, `${this.#sentence()} It waits until the folder is free.`);
  }

  /** The folder is free. */
  async leave(): Promise<void> {
    const http = await this.#http;
    await http?.close();
  }

  #sentence(): string {
    const { folder, holder } = this.#wait ?? {};
    if (folder === undefined) return 'It takes its data folder.';
    const held = `The data folder ${folder} is held by`;
    if (holder === undefined) return `${held} a process that has not said who it is.`;
    const { pid, name, host, since } = holder;
    return `${held} process ${pid} of ${name} on host ${host} since ${since}.`;
  }

  /** Without HTTP it waits all the same: whoever has the folder may have the port, too. */
  async #show(): Promise<HttpServer | undefined> {
    const { httpHost: host, httpPort: port } = this.#config;
    const readiness = () => ({ ready: false, reason: this.#sentence() });
    const metrics = () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: '' });
    const status = { what: 'what it waits for, as JSON', show: () => this.#status() };
    const readyz = 'whether the member is ready to serve';
    const pages = { '/status': status };
    const sources = { readiness, metrics };
    const failed = (err: Error, url: string): void => {
      this.#log.error({ err, url }, 'an answer over HTTP failed');
    };
    try {
      const http = await startHttp({ host, port, sources, readyz, pages, failed });
      this.#log.info({ port: http.port }, 'http listens');
      return http;
    } catch (error) {
      this.#log.warn(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #status(): WaitingStatus & object {
    const { cluster, namespace, name, machine, mode } = this.#config;
    const more = { version: VERSION, machine, mode, ready: false };
    return { cluster, namespace, name, ...more, role: 'waiting', alarms: [this.#sentence()] };
  }
}
