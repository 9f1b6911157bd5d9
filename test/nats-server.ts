import { findNatsServer } from '../cli/src/local/nats-server.ts';

/** Before all tests: the real nats-server, which a new machine has to build first. */
export default async function obtainNatsServer(): Promise<void> {
  process.env['NATS_SERVER'] = await findNatsServer(process.env, (what) => console.error(what));
}
