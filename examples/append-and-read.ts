/*
 * Appends the texts on its command line to the chat log, then reads the whole log.
 *
 *   node dist/examples/append-and-read.js "good morning" "good night"
 */
import { env, argv } from 'node:process';
// In an application of yours: import { chatLog, connect } from '@synod/client';
import { chatLog, connect } from '../client/src/index.ts';

const PAGE = 100;

const synod = await connect({
  natsUrl: env['SYNOD_NATS_URL'] ?? 'nats://127.0.0.1:4222',
  cluster: env['SYNOD_CLUSTER'] ?? 'local',
});
const log = synod.machine(chatLog);

// The answer comes when a majority of the members has the text on disk.
for (const text of argv.slice(2)) {
  const { position, existed } = await log.append(text);
  console.log(`${existed ? 'was there' : 'appended'} at position ${position}: ${text}`);
}

// A read sees everything that was acknowledged before it. Long logs come in pages.
for (let from = 0, total = 1; from < total; from += PAGE) {
  const page = await log.read({ from, limit: PAGE });
  for (const text of page.texts) console.log(text);
  total = page.total;
}

await synod.close();
