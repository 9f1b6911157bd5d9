import type { ChatCall } from '../../simulation/checks/placed.ts';

/* What the checker has to refuse: a real history in which one answer was changed. */

/** The last read that saw a text whose append had been answered before, without that text. */
export function withStaleRead(history: readonly ChatCall[]): ChatCall[] {
  const answeredAt = new Map<string, number>();
  for (const { input, returnedAt = Infinity } of history) {
    if (input.type === 'append') answeredAt.set(input.text, returnedAt);
  }
  return changed(history, (call) => {
    const { output, calledAt } = call;
    const newest = output?.type === 'texts' ? output.texts.at(-1) : undefined;
    if (output?.type !== 'texts' || newest === undefined) return undefined;
    const isLast = output.texts.length + fromOf(call) === output.total;
    if (!isLast || (answeredAt.get(newest) ?? Infinity) >= calledAt) return undefined;
    return {
      ...call,
      output: { ...output, texts: output.texts.slice(0, -1), total: output.total - 1 },
    };
  });
}

/** The last append that was answered, at the place of the one before it. */
export function withLostAppend(history: readonly ChatCall[]): ChatCall[] {
  return changed(history, (call) => {
    const { output } = call;
    if (output?.type !== 'appended' || output.existed || output.position === 0) return undefined;
    return { ...call, output: { ...output, position: output.position - 1 } };
  });
}

function fromOf({ input }: ChatCall): number {
  return input.type === 'read' ? input.from : 0;
}

function changed(
  history: readonly ChatCall[],
  change: (call: ChatCall) => ChatCall | undefined,
): ChatCall[] {
  const at = history.findLastIndex((call) => change(call) !== undefined);
  const call = history[at];
  const other = call && change(call);
  if (other === undefined) throw new Error('nothing in the history can be changed so');
  return history.with(at, other);
}
