import { ApiServer, KUBECONFIG_VARIABLE } from './api-server.ts';
import { keep } from './api-server-teardown.ts';

/** Before all tests: one API server for them. */
export default async function startApiServer(): Promise<void> {
  const server = await ApiServer.start();
  keep(server);
  process.env[KUBECONFIG_VARIABLE] = server.kubeconfig;
}
