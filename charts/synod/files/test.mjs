// Appends a text to the chat log of the cluster and reads the log: the text is in it, once.
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const cli = 'dist/client/src/cli/main.js';
const synod = (...args) =>
  execFileSync(process.execPath, [cli, ...args, '--output', 'json'], {
    timeout: 30_000,
    stdio: ['ignore', 'pipe', 'inherit'],
  }).toString();

// The cluster may be forming yet. A text that is sent again is appended once.
async function append(text, deadline) {
  for (;;) {
    try {
      return JSON.parse(synod('append', text));
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(1_000);
    }
  }
}

// The last sentence of synod stands above it.
process.once('uncaughtException', () => {
  console.error(
    'The cluster does not do what it should: "kubectl describe paxoscluster" says why.',
  );
  process.exit(1);
});

const text = `helm test ${new Date().toISOString()}`;
const { slot, position } = await append(text, Date.now() + 150_000);
console.log(`"${text}" is in slot ${slot}, at position ${position}`);
const found = JSON.parse(synod('log')).filter((each) => each === text).length;
console.log(`The log has it ${found} times`);
process.exitCode = found === 1 ? 0 : 1;
