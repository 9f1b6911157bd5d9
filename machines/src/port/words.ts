import type { SynodError } from '../../../contract/src/synod-error.ts';
import type { CommandPort } from './calls.ts';

/** Where a word of the command line runs. */
export interface WordContext {
  /** Of the cluster that the command line names. */
  readonly port: CommandPort;
  /** Prints a result, as JSON or as `text` says. */
  readonly print: (result: unknown, text: () => string) => void;
  /** As a terminal may show it: what it would obey is escaped there, and nowhere else. */
  readonly shown: (text: string) => string;
  /** Whether results are printed for programs. */
  readonly isJson: boolean;
  /** From now on Ctrl-C ends what is under way, and then the command, without an error. */
  readonly untilInterrupted: () => AbortSignal;
  /** Says on standard error that a call failed and is tried again: the same thing once. */
  readonly retrying: (error: SynodError) => void;
  /** It went well: should the same fail again, that is said again. */
  readonly succeeded: () => void;
}

/** A word of the command line that is for one machine alone: `synod append <text>`. */
export interface Word {
  readonly name: string;
  /** One sentence, for its help. */
  readonly summary: string;
  /** What it takes, by its name, with a few words on it. */
  readonly takes?: Readonly<Record<string, string>>;
  /** Its switches, such as `follow` for `--follow`, with a few words on each. */
  readonly switches?: Readonly<Record<string, string>>;
  /** @param on the switches that were given */
  run(context: WordContext, args: readonly string[], on: ReadonlySet<string>): Promise<void>;
}
