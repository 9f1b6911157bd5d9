interface Task {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Simulated time: a heap of what is to happen; at one time, in the order of asking. */
export class Scheduler {
  #now = 0;
  #asked = 0;
  readonly #heap: Task[] = [];

  /** Milliseconds since the beginning of the run. */
  get now(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): void {
    this.#push({ at: this.#now + delayMs, order: this.#asked++, run });
  }

  /** Lets the next thing happen. @returns false when nothing is left */
  next(): boolean {
    const task = this.#pop();
    if (task === undefined) return false;
    this.#now = task.at;
    task.run();
    return true;
  }

  #push(task: Task): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || isBefore(parent, task)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = task;
  }

  #pop(): Task | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      const isRight = left !== undefined && right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (child === undefined || isBefore(last, child)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
