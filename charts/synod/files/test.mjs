// Writes to the cluster, as its machine takes it, and reads it back: it is there, once.
import { setTimeout as sleep } from 'node:timers/promises';
import { chatLog, connect, counter } from './dist/client/src/index.js';

const { env } = process;
const deadline = Date.now() + 150_000;

const machines = {
  'chat-log': async (synod, text) => {
    const log = synod.machine(chatLog);
    const { slot, position } = await log.append(text);
    const { texts } = await log.read({ from: position, limit: 1 });
    console.log(`The text "${text}" is in slot ${slot}, at position ${position}: ${texts}`);
    return texts[0] === text;
  },
  counter: async (synod, register) => {
    const registers = synod.machine(counter);
    const { slot, position } = await registers.add(register, 1);
    const read = await registers.read(register);
    console.log(`An add to "${register}" is in slot ${slot}; the register is ${read.value}`);
    return read.value === 1 && read.position === position;
  },
};

async function writeAndRead() {
  const synod = await connect({
    natsUrl: env.SYNOD_NATS_URL,
    natsCredentialsDir: env.SYNOD_NATS_CREDENTIALS_DIR,
    natsTlsDir: env.SYNOD_NATS_TLS_DIR,
    role: env.SYNOD_NATS_ROLE,
    cluster: env.SYNOD_CLUSTER,
    namespace: env.SYNOD_NAMESPACE,
  });
  try {
    const [member] = await synod.admin.status({ expect: 1, waitMs: 5_000 });
    if (member === undefined) throw new Error(`No member of ${env.SYNOD_CLUSTER} answers.`);
    // What an earlier try wrote may be there or not.
    return await machines[member.machine](synod, `helm test ${new Date().toISOString()}`);
  } finally {
    await synod.close();
  }
}

// The cluster may be forming yet.
for (;;) {
  try {
    process.exitCode = (await writeAndRead()) ? 0 : 1;
    break;
  } catch (error) {
    console.error(error.message);
    if (Date.now() > deadline) {
      console.error('"kubectl describe paxoscluster" says what the cluster waits for.');
      process.exit(1);
    }
    await sleep(1_000);
  }
}
