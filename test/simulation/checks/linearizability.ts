import type { SequentialModel } from '../../../machines/src/port/model.ts';
import type { Operation } from './history.ts';

/** A call or a return in a doubly linked list, in the order of time. */
interface Entry {
  readonly operation: number;
  /** Of a call: its return. */
  readonly match: Entry | undefined;
  before: Entry | undefined;
  after: Entry | undefined;
}

/**
 * Whether a concurrent history is linearizable: whether its operations can be put in one order that
 * respects time (what returned before another was called comes first) and the model. After Wing and
 * Gong (1993), with Lowe's memoisation of the configurations that were tried (2017).
 * @param operations those without a return may be put at the end, where they harm nobody. Of those
 *   with the same input the one that was called first can stand for each: no other one is tried.
 */
export function isLinearizable<State, Input, Output>(
  model: SequentialModel<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
): boolean {
  const head = entriesOf(operations);
  let left = operations.filter(({ returnedAt }) => returnedAt !== undefined).length;
  let state = model.initial;
  const done = new Uint32Array(Math.ceil(operations.length / 32));
  const earlier = earlierAlike(operations);
  const tried = new Set<string>();
  const chosen: { readonly call: Entry; readonly before: State }[] = [];
  let entry = head.after;
  while (left > 0) {
    if (entry?.match === undefined) {
      // A return whose call was not chosen before it, or the end: take back the last choice.
      const last = chosen.pop();
      if (last === undefined) return false;
      const { call, before } = last;
      state = before;
      flip(done, call.operation);
      if (operations[call.operation]?.returnedAt !== undefined) left += 1;
      putBack(call);
      entry = call.after;
      continue;
    }
    const operation = operations[entry.operation];
    const next = operation && model.step(state, operation.input, operation.output);
    const isOpen = operation?.returnedAt === undefined;
    const isNeedless = isOpen && (next === state || isLeftOut(earlier.get(entry.operation), done));
    if (next !== undefined && !isNeedless) {
      flip(done, entry.operation);
      const configuration = `${done.join()} ${model.key(next)}`;
      if (!tried.has(configuration)) {
        tried.add(configuration);
        chosen.push({ call: entry, before: state });
        state = next;
        if (operation?.returnedAt !== undefined) left -= 1;
        takeOut(entry);
        entry = head.after;
        continue;
      }
      flip(done, entry.operation);
    }
    entry = entry.after;
  }
  return true;
}

/** Of each operation without a return: the one before it with the same input and no return. */
function earlierAlike(operations: readonly Operation[]): ReadonlyMap<number, number> {
  const earlier = new Map<number, number>();
  const last = new Map<string, number>();
  const open = [...operations.entries()].filter(([, { returnedAt }]) => returnedAt === undefined);
  for (const [i, { input }] of open.sort(([, a], [, b]) => a.calledAt - b.calledAt)) {
    const before = last.get(JSON.stringify(input));
    if (before !== undefined) earlier.set(i, before);
    last.set(JSON.stringify(input), i);
  }
  return earlier;
}

function isLeftOut(operation: number | undefined, done: Uint32Array): boolean {
  if (operation === undefined) return false;
  return (((done[operation >> 5] ?? 0) >> (operation & 31)) & 1) === 0;
}

function entriesOf(operations: readonly Operation[]): Entry {
  interface Event {
    readonly at: number;
    readonly operation: number;
    readonly isCall: boolean;
  }
  const events: Event[] = operations.flatMap(({ calledAt, returnedAt }, operation) => [
    { at: calledAt, operation, isCall: true },
    { at: returnedAt ?? Infinity, operation, isCall: false },
  ]);
  // At one time calls come first: what overlaps in doubt may be put either way.
  events.sort((a, b) => (a.at === b.at ? Number(b.isCall) - Number(a.isCall) : a.at - b.at));
  const returns = operations.map((_, operation): Entry => ({
    operation,
    match: undefined,
    before: undefined,
    after: undefined,
  }));
  const head: Entry = { operation: -1, match: undefined, before: undefined, after: undefined };
  let last = head;
  for (const { operation, isCall } of events) {
    const match = returns[operation];
    if (match === undefined) continue;
    const entry: Entry = isCall ? { operation, match, before: last, after: undefined } : match;
    entry.before = last;
    last.after = entry;
    last = entry;
  }
  return head;
}

function takeOut(call: Entry): void {
  for (const entry of [call, call.match]) {
    if (entry?.before !== undefined) entry.before.after = entry.after;
    if (entry?.after !== undefined) entry.after.before = entry.before;
  }
}

/** Undoes `takeOut`, in the reverse order. */
function putBack(call: Entry): void {
  for (const entry of [call.match, call]) {
    if (entry?.before !== undefined) entry.before.after = entry;
    if (entry?.after !== undefined) entry.after.before = entry;
  }
}

function flip(bits: Uint32Array, bit: number): void {
  const word = bit >> 5;
  bits[word] = (bits[word] ?? 0) ^ (1 << (bit & 31));
}
