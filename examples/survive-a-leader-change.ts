/*
 * Appends one text after another for some seconds, and at the end looks whether each is in the
 * chat log exactly once. Kill the leader meanwhile: the program needs no code for that. The client
 * sends again what was not answered, and the cluster runs it once.
 *
 *   node dist/examples/survive-a-leader-change.js 20
 */
import { env, argv } from 'node:process';
// In an application of yours: import { chatLog, connect, SynodError } from '@synod/client';
import { chatLog, connect, SynodError } from '../client/src/index.ts';

const SHOWN_MS = 150;
const PAGE = 500;

const seconds = Number(argv[2] ?? 20);
const synod = await connect({
  natsUrl: env['SYNOD_NATS_URL'] ?? 'nats://127.0.0.1:4222',
  cluster: env['SYNOD_CLUSTER'] ?? 'local',
  deadlineMs: 10_000, // An election takes less than a second or two.
});
const log = synod.machine(chatLog);

const run = Date.now().toString(36); // So that another run of this program has other texts.
const isMine = (text: string): boolean => text.startsWith(`${run}/`);
const acknowledged: string[] = [];
const unknown = new Set<string>();

console.log(`Appending for ${seconds} s.`);
const end = performance.now() + seconds * 1000;
while (performance.now() < end) {
  const text = `${run}/${acknowledged.length + unknown.size}`;
  const begin = performance.now();
  try {
    await log.append(text);
    acknowledged.push(text);
  } catch (error) {
    // After TIMED_OUT the text may be there or not: only a program can know what to do then.
    if (!(error instanceof SynodError)) throw error;
    unknown.add(text);
    console.log(`${text}: ${error.message}`);
  }
  const ms = performance.now() - begin;
  if (ms > SHOWN_MS) console.log(`${text} took ${Math.round(ms)} ms`);
}

const found: string[] = [];
for (let from = 0, total = 1; from < total; from += PAGE) {
  const page = await log.read({ from, limit: PAGE });
  found.push(...page.texts.filter(isMine));
  total = page.total;
}
await synod.close();

const once = new Set(found);
const lost = acknowledged.filter((text) => !once.has(text));
console.log(
  `${acknowledged.length} acknowledged, ${lost.length} lost, ${found.length - once.size} doubled`,
);
if (lost.length > 0 || found.length > once.size) process.exitCode = 1;
