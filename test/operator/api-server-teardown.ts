import type { ApiServer } from './api-server.ts';

const kept = globalThis as { synodApiServer?: ApiServer };

export function keep(server: ApiServer): void {
  kept.synodApiServer = server;
}

/** After all tests. */
export default async function stopApiServer(): Promise<void> {
  await kept.synodApiServer?.stop();
}
