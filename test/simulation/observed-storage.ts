import type { LogRecord } from '../../node/src/paxos/effects.ts';
import type { Slot } from '../../node/src/paxos/pvalue.ts';
import type { Log } from '../../node/src/storage/log.ts';
import type { Cut, StateStore } from '../../node/src/storage/state.ts';

/** The log, telling what is durable. */
export function observedLog(
  log: Log,
  begun: (records: readonly LogRecord[]) => void,
  durable: (records: readonly LogRecord[]) => void,
): Log {
  return {
    get bytes() {
      return log.bytes;
    },
    get end() {
      return log.end;
    },
    append: (records, done) => {
      const batch = [...records];
      begun(batch);
      log.append(records, (error) => {
        if (error === undefined) durable(batch);
        done(error);
      });
    },
    read: (from, to, bytes, done) => log.read(from, to, bytes, done),
    get first() {
      return log.first;
    },
    collectable: (floor) => log.collectable(floor),
    collect: (floor, failed) => log.collect(floor, failed),
    seal: () => log.seal(),
    close: () => log.close(),
  };
}

/** The state, telling below which slot it is flushed. */
export function observedState(state: StateStore, flushed: (slotOut: Slot) => void): StateStore {
  return {
    tables: state.tables,
    get facts() {
      return state.facts;
    },
    get flushedSlotOut() {
      return state.flushedSlotOut;
    },
    get overlayBytes() {
      return state.overlayBytes;
    },
    get unwrittenBytes() {
      return state.unwrittenBytes;
    },
    get bytes() {
      return state.bytes;
    },
    get usedBytes() {
      return state.usedBytes;
    },
    cut(slotOut, facts) {
      const cut = state.cut(slotOut, facts);
      const write: Cut['write'] = (done) => {
        cut.write((error) => {
          if (error === undefined) flushed(slotOut);
          done(error);
        });
      };
      return { slotOut, write };
    },
    historyAt: (slot) => state.historyAt(slot),
    scrub: () => state.scrub(),
    snapshot: () => state.snapshot(),
    stage: () => state.stage(),
    close: () => state.close(),
  };
}
