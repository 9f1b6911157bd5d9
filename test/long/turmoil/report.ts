import fs from 'node:fs';
import path from 'node:path';
import type { History } from './history.ts';

/** What is kept of a run that failed: its history, what happened to whom, data and logs. */
export class Report {
  readonly folder: string;
  readonly #history: History;
  readonly #events: { at: number; what: string }[] = [];

  constructor(name: string, history: History) {
    this.folder = path.resolve('build/failures', name);
    this.#history = history;
  }

  readonly say = (what: string): void => {
    this.#events.push({ at: this.#history.now(), what });
  };

  write(): void {
    fs.rmSync(this.folder, { recursive: true, force: true });
    fs.mkdirSync(this.folder, { recursive: true });
    fs.writeFileSync(path.join(this.folder, 'history.jsonl'), lines(this.#history.calls));
    fs.writeFileSync(path.join(this.folder, 'events.jsonl'), lines(this.#events));
  }
}

function lines(all: readonly object[]): string {
  return all.map((each) => `${JSON.stringify(each)}\n`).join('');
}
