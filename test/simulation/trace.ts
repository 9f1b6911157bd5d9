import type { Effect, LogRecord } from '../../node/src/paxos/effects.ts';
import type { Fault } from './plan.ts';
import type { Carried } from './simulated-network.ts';

/** Gets everything that happens in a run. */
export interface Trace {
  carried(frame: Carried): void;
  fault(at: number, fault: Fault): void;
  stepped(at: number, member: string, effects: readonly Effect[]): void;
  durable(at: number, member: string, records: readonly LogRecord[]): void;
  /** Something of a member that is worth a mark. */
  mark(at: number, member: string, what: Mark, detail: string): void;
}

export type Mark = 'start' | 'end' | 'leads' | 'yields' | 'decided';
