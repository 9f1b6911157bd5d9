/** One command of a master script: see the language in docs/master-scripts.md. */
export type ScriptCommand =
  | { readonly type: 'start'; readonly id: number; readonly n: number; readonly port: number }
  | { readonly type: 'msg'; readonly id: number; readonly messageId: number; readonly text: string }
  /** Without an id it only waits; with one it sends the message again, to that process. */
  | { readonly type: 'waitForAck'; readonly id?: number; readonly messageId: number }
  | { readonly type: 'get'; readonly id: number }
  | { readonly type: 'crash'; readonly id: number }
  /** Goes to the process as it stands. */
  | { readonly type: 'arm'; readonly id: number; readonly line: string }
  | { readonly type: 'exit' };

/** A line that is not of the language. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';

  constructor(line: number, found: string, expected: string) {
    super(`line ${line}: ${JSON.stringify(found)}; expected ${expected}`);
  }
}

const MAX_PROCESSES = 7;
const expected = {
  start: '<id> start <n> <port>, with 1 to 7 processes, an id below n and a port up to 65535',
  msg: '<id> msg <message id> <text>',
  waitforack: '-1 waitForAck <message id>, or <id> waitForAck <message id>',
  get: '<id> get chatLog',
  crash: '<id> crash',
  crashafterp1b: '<id> crashAfterP1b',
  crashafterp2b: '<id> crashAfterP2b',
  crashp1a: '<id> crashP1a [<id> …]',
  crashp2a: '<id> crashP2a [<id> …]',
  crashdecision: '<id> crashDecision [<id> …]',
} as const;

type Keyword = keyof typeof expected;

/**
 * Parses a whole script. Blank lines are passed over; nothing after `exit` counts.
 * @throws ScriptError for the first line that is not of the language
 */
export function parseScript(text: string): ScriptCommand[] {
  const commands: ScriptCommand[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    const command = parseLine(line, i + 1);
    if (command === undefined) continue;
    commands.push(command);
    if (command.type === 'exit') break;
  }
  return commands;
}

/**
 * Parses one line.
 * @param number of the line, from 1 on, for errors
 * @returns `undefined` for a blank line
 * @throws ScriptError
 */
export function parseLine(line: string, number: number): ScriptCommand | undefined {
  const text = line.replace(/\r$/, '');
  if (text.trim() === '') return undefined;
  if (text.trim().toLowerCase() === 'exit') return { type: 'exit' };
  const [id = '', keyword = '', ...fields] = text.split(' ');
  const known = keyword.toLowerCase();
  if (!isKeyword(known)) {
    const all = 'start, msg, waitForAck, get, crash, crashAfterP1b, crashAfterP2b, crashP1a';
    throw new ScriptError(number, text, `<id> and one of ${all}, crashP2a, crashDecision; or exit`);
  }
  const command = parseCommand(id, known, fields, text);
  if (command === undefined) throw new ScriptError(number, text, expected[known]);
  return command;
}

function isKeyword(word: string): word is Keyword {
  return Object.hasOwn(expected, word);
}

function parseCommand(
  idField: string,
  keyword: Keyword,
  fields: readonly string[],
  line: string,
): ScriptCommand | undefined {
  const id = number(idField, MAX_PROCESSES - 1);
  if (keyword === 'waitforack') return parseWait(idField, id, fields);
  if (id === undefined) return undefined;
  const rest = line.slice(line.indexOf(' ') + 1);
  const args = trimmed(fields);
  switch (keyword) {
    case 'start':
      return parseStart(id, args);
    case 'msg': {
      const messageId = number(fields[0], Number.MAX_SAFE_INTEGER);
      const text = fields.slice(1).join(' ');
      if (messageId === undefined || text === '') return undefined;
      return { type: 'msg', id, messageId, text };
    }
    case 'get':
      if (args.length !== 1 || args[0]?.toLowerCase() !== 'chatlog') return undefined;
      return { type: 'get', id };
    case 'crash':
      return args.length === 0 ? { type: 'crash', id } : undefined;
    case 'crashafterp1b':
    case 'crashafterp2b':
      return args.length === 0 ? { type: 'arm', id, line: rest.trimEnd() } : undefined;
    case 'crashp1a':
    case 'crashp2a':
    case 'crashdecision': {
      const ids = args.map((field) => number(field, MAX_PROCESSES - 1));
      return ids.includes(undefined) ? undefined : { type: 'arm', id, line: rest.trimEnd() };
    }
  }
}

function parseStart(id: number, args: readonly string[]): ScriptCommand | undefined {
  const n = number(args[0], MAX_PROCESSES);
  const port = number(args[1], 65_535);
  if (args.length !== 2 || n === undefined || port === undefined) return undefined;
  return n > 0 && port > 0 && id < n ? { type: 'start', id, n, port } : undefined;
}

function parseWait(
  idField: string,
  id: number | undefined,
  fields: readonly string[],
): ScriptCommand | undefined {
  const args = trimmed(fields);
  const messageId = number(args[0], Number.MAX_SAFE_INTEGER);
  if (messageId === undefined || args.length !== 1) return undefined;
  if (idField === '-1') return { type: 'waitForAck', messageId };
  return id === undefined ? undefined : { type: 'waitForAck', id, messageId };
}

/** Spaces at the end of a line are no fields. */
function trimmed(fields: readonly string[]): string[] {
  const kept = [...fields];
  while (kept.at(-1) === '') kept.pop();
  return kept;
}

function number(field: string | undefined, max: number): number | undefined {
  if (field === undefined || !/^\d{1,16}$/.test(field)) return undefined;
  const value = Number(field);
  return value <= max ? value : undefined;
}
