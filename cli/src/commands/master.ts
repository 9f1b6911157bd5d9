import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { dialExternalNats, folderNats } from '../local/folder-nats.ts';
import { Workspace } from '../local/workspace.ts';
import { Master } from '../master/master.ts';
import { parseLine, parseScript, ScriptError } from '../master/script.ts';
import { CommandError } from './command-error.ts';

/** Ends with 0, or 1 when something that was waited for did not come; 2 for a malformed line. */
export async function master(options: { readonly ackTimeout: number }): Promise<void> {
  const say = (what: string): void => void process.stderr.write(`${what}\n`);
  const commands = process.stdin.isTTY ? undefined : parse(await text(process.stdin));
  const workspace = new Workspace('.');
  await dialExternalNats(process.env);
  const run = new Master({
    workspace,
    natsUrl: await folderNats(workspace, process.env, say),
    cluster: `script-${process.pid}`,
    ackTimeoutMs: options.ackTimeout * 1000,
    print: (texts) => void process.stdout.write(`${texts}\n`),
    say,
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void run.stop().finally(() => process.exit(exitCodes.failed)));
  }
  try {
    if (commands === undefined) await interactive(run, say);
    else for (const command of commands) await run.run(command);
    await run.run({ type: 'exit' });
  } finally {
    await run.stop();
  }
  process.exit(run.failed ? exitCodes.failed : exitCodes.ok);
}

function parse(script: string): ReturnType<typeof parseScript> {
  try {
    return parseScript(script);
  } catch (error) {
    if (error instanceof ScriptError) throw new CommandError(error.message, exitCodes.usage);
    throw error;
  }
}

/** From a terminal, lines run as they are typed; a wrong one is said, and the next may follow. */
async function interactive(run: Master, say: (what: string) => void): Promise<void> {
  let number = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    number += 1;
    try {
      const command = parseLine(line, number);
      if (command?.type === 'exit') return;
      if (command !== undefined) await run.run(command);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
  }
}
