import { createServer, type Server, type Socket } from 'node:net';
import { encodeCommand } from '../../../contract/src/command.ts';
import type { ErrorCode } from '../../../contract/src/error-codes.ts';
import type { ScriptOperations } from '../../../machines/src/port/script.ts';
import type { AppliedCommand, Applier } from '../machine/applier.ts';
import type { MemberId } from '../paxos/ballot.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { CrashPoint } from './crash-points.ts';
import type { Driver } from './driver.ts';
import { LogThrottle } from './log-throttle.ts';
import type { Logger } from '../../../host/src/logger.ts';

export interface ScriptPortOptions {
  readonly driver: Driver;
  readonly applier: Pick<Applier, 'query'>;
  /** Of the machine. */
  readonly script: ScriptOperations;
  readonly log: Logger;
  /** A line came that is none of the master's. */
  readonly onDropped: (reason: LineDropReason, line: string) => void;
  /** The ids of the processes 0, 1, … */
  readonly members: readonly MemberId[];
  /** 32 hex digits, drawn anew by every process. */
  readonly client: string;
  readonly arm: (point: CrashPoint) => void;
  /** Ends the process at once. */
  readonly crash: () => void;
  /** Calls back when everything sent so far has reached the broker. */
  readonly flush: (done: () => void) => void;
}

/** Why something that came over TCP was dropped. */
export type LineDropReason = 'script-line';

/** The port for the master cannot be had. */
export class ScriptListenError extends Error {
  override readonly name = 'ScriptListenError';

  constructor(port: number, cause: Error) {
    const inUse = 'code' in cause && cause.code === 'EADDRINUSE';
    const why = inUse ? 'it is in use; choose another with --script-port' : cause.message;
    super(`The script port cannot listen on ${port}: ${why}.`, { cause });
  }
}

const MAX_LINE_BYTES = 1024 * 1024;
/** There is one; a connection takes one of the files that a process may have open. */
const MAX_MASTERS = 16;
const crashPoints: Record<string, CrashPoint['at']> = {
  crashafterp1b: 'after-p1b',
  crashafterp2b: 'after-p2b',
  crashp1a: 'p1a',
  crashp2a: 'p2a',
  crashdecision: 'decision',
};

/**
 * The master's wire protocol on TCP: one command a line, keywords in any case. Answers are
 * `<length>-<payload>` with `ack <mid> <slot>` and `chatLog <text>,<text>,…`.
 */
export class ScriptPort {
  readonly #options: ScriptPortOptions;
  readonly #masters = new Set<Socket>();
  readonly #server: Server;
  readonly #surveys = new Map<number, Socket>();
  readonly #unanswered = new Set<number>();
  readonly #complaints = new LogThrottle<ErrorCode>();
  #lastNumber = 0;
  #lastSurvey = 0;
  #over = false;

  constructor(options: ScriptPortOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#connected(socket));
    this.#server.maxConnections = MAX_MASTERS;
  }

  /** @throws ScriptListenError by rejection; else it listens on loopback then */
  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (cause) => reject(new ScriptListenError(port, cause)));
      this.#server.listen(port, '127.0.0.1', resolve);
    });
  }

  close(): void {
    this.#over = true;
    this.#server.close();
    for (const socket of this.#masters) socket.destroy();
  }

  #connected(socket: Socket): void {
    this.#masters.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#masters.delete(socket));
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        const line = rest.subarray(0, end);
        rest = rest.subarray(end + 1);
        this.#line(socket, line);
      }
      if (rest.length > MAX_LINE_BYTES) {
        this.#refused(`${rest.length} bytes without an end of line`);
        socket.destroy();
      }
    });
  }

  #line(socket: Socket, bytes: Buffer): void {
    if (this.#over) return;
    let line: string;
    try {
      line = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r$/, '');
    } catch {
      return this.#refused('no UTF-8');
    }
    const [keyword = '', ...fields] = line.split(' ');
    switch (keyword.toLowerCase()) {
      case 'msg':
        return this.#message(line);
      case 'get':
        if (fields[0]?.toLowerCase() !== 'chatlog') return this.#refused(line);
        return this.#get(socket);
      case 'crash':
        return this.#options.crash();
      default:
        return this.#arm(keyword, fields, line);
    }
  }

  #message(line: string): void {
    const [, id, text] = /^\S+ (\d{1,15}) (.+)$/s.exec(line) ?? [];
    if (id === undefined || text === undefined) return this.#refused(line);
    const operation = this.#options.script.message(Number(id), text);
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    this.#unanswered.add(number);
    const [lowest = number] = this.#unanswered;
    const { client, driver } = this.#options;
    const command = encodeCommand({ client, number, lowest, operations: [operation] });
    driver.submit(command, (outcome) => {
      this.#unanswered.delete(number);
      if (!outcome.ok) this.#complain(outcome.code, id);
    });
  }

  #complain(code: ErrorCode, id: string): void {
    const { log } = this.#options;
    this.#complaints.pass(code, () => log.warn({ code, id }, 'a message was refused'));
  }

  #get(socket: Socket): void {
    this.#lastSurvey += 1;
    this.#surveys.set(this.#lastSurvey, socket);
    this.#options.driver.input({ type: 'survey', survey: this.#lastSurvey });
  }

  /** The survey is over: the answer is the state that this process has applied itself. */
  surveyed(survey: number): void {
    const socket = this.#surveys.get(survey);
    this.#surveys.delete(survey);
    if (socket === undefined) return;
    const { script, applier } = this.#options;
    const texts = script.log((read) => applier.query(read));
    this.#send(socket, `chatLog ${texts.join(',')}`);
  }

  #arm(keyword: string, fields: readonly string[], line: string): void {
    const at = crashPoints[keyword.toLowerCase()];
    if (at === undefined) return this.#refused(line);
    if (at === 'after-p1b' || at === 'after-p2b') return this.#options.arm({ at });
    const reached: MemberId[] = [];
    for (const field of fields.filter((each) => each !== '')) {
      const member = this.#options.members[Number(field)];
      if (!/^\d+$/.test(field) || member === undefined) return this.#refused(line);
      reached.push(member);
    }
    this.#options.arm({ at, reached });
    // The next message must force a new ballot, also if this process leads already.
    if (at === 'p1a') this.#options.driver.input({ type: 'resign' });
  }

  #refused(line: string): void {
    this.#options.onDropped('script-line', line);
  }

  /** Every process that applies a command acknowledges it; the decision left before. */
  applied(slot: Slot, commands: readonly AppliedCommand[]): void {
    const acks: string[] = [];
    for (const { command } of commands) {
      for (const bytes of command?.operations ?? []) {
        const id = this.#options.script.idOf(bytes);
        if (id !== undefined) acks.push(`ack ${id} ${slot}`);
      }
    }
    if (acks.length === 0) return;
    this.#options.flush(() => {
      for (const ack of acks) for (const socket of this.#masters) this.#send(socket, ack);
    });
  }

  #send(socket: Socket, payload: string): void {
    if (!this.#over) socket.write(`${Buffer.byteLength(payload)}-${payload}`);
  }
}
