/*
 * Adds to a counter from several clients at once, then reads it: no addition is lost or doubled.
 * The cluster must run the counter machine (SYNOD_MACHINE=counter).
 *
 *   node dist/examples/count.js visits
 */
import { env, argv } from 'node:process';
// In an application of yours: import { connect, counter } from '@synod/client';
import { connect, counter } from '../client/src/index.ts';

const CLIENTS = 3;
const ADDITIONS = 20;

const register = argv[2] ?? 'visits';
const options = {
  natsUrl: env['SYNOD_NATS_URL'] ?? 'nats://127.0.0.1:4222',
  cluster: env['SYNOD_CLUSTER'] ?? 'local',
};

const reader = await connect(options);
const before = (await reader.machine(counter).read(register)).value;

async function addFromOneClient(): Promise<void> {
  const synod = await connect(options);
  const additions = Array.from({ length: ADDITIONS }, () =>
    synod.machine(counter).add(register, 1),
  );
  await Promise.all(additions); // They travel together, and each runs once.
  await synod.close();
}
await Promise.all(Array.from({ length: CLIENTS }, addFromOneClient));

const after = (await reader.machine(counter).read(register)).value;
console.log(`${register}: ${before} + ${CLIENTS * ADDITIONS} = ${after}`);
await reader.close();
