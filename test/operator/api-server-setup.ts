import obtainNatsServer from '../nats-server.ts';
import { ApiServer, KUBECONFIG_VARIABLE } from './api-server.ts';
import { keep } from './api-server-teardown.ts';

/** Before all tests: one API server for them, and a program of NATS. */
export default async function startApiServer(): Promise<void> {
  await obtainNatsServer();
  const server = await ApiServer.start();
  keep(server);
  process.env[KUBECONFIG_VARIABLE] = server.kubeconfig;
}
