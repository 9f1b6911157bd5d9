/** A fault of one place in the real sources. */
export interface Mutant {
  readonly name: string;
  /** The invariant that it breaks: the check of this name has to report it. */
  readonly invariant: string;
  /** Below node/src. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly from: string;
  readonly to: string;
}

/** What the simulator must notice. Invariants are the paper's, or checks/invariants.ts's own. */
export const mutants: readonly Mutant[] = [
  {
    name: 'the first pvalue counts, not that of the highest ballot',
    invariant: 'C2',
    file: 'paxos/scout.ts',
    from: 'if (compareBallots(kept?.ballot, pvalue.ballot) < 0) this',
    to: 'if (kept === undefined) this',
  },
  {
    name: 'a quorum is one less',
    invariant: 'R2',
    file: 'paxos/quorum.ts',
    from: 'Math.floor(n / 2) + 1',
    to: 'Math.max(1, Math.floor(n / 2))',
  },
  {
    name: 'duplicates count for a quorum',
    invariant: 'R2',
    file: 'paxos/quorum.ts',
    from: 'this.#answered.add(voter)',
    to: 'this.#answered.add(voter + this.#answered.size)',
  },
  {
    name: 'a p1a leaves before the flush',
    invariant: 'flush',
    file: 'paxos/effects.ts',
    from: 'p1a: true',
    to: 'p1a: false',
  },
  {
    name: 'a p1b leaves before the flush',
    invariant: 'flush',
    file: 'paxos/effects.ts',
    from: 'p1b: true',
    to: 'p1b: false',
  },
  {
    name: 'a p2b leaves before the flush',
    invariant: 'flush',
    file: 'paxos/effects.ts',
    from: 'p2b: true',
    to: 'p2b: false',
  },
  {
    name: "a p2b leaves on an earlier step's unflushed record",
    invariant: 'flush',
    file: 'service/barrier.ts',
    from: 'else if (this.#inFlight !== undefined) this.#inFlight.push(release);',
    to: '',
  },
  {
    name: 'an adopted ballot is not written',
    invariant: 'flush',
    file: 'paxos/acceptor.ts',
    from: "effects.push({ type: 'persist', record: { type: 'ballot', ballot } });",
    to: '',
  },
  {
    name: 'an accepted pvalue is not written',
    invariant: 'flush',
    file: 'paxos/acceptor.ts',
    from: "effects.push({ type: 'persist', record: { type: 'accepted', ...pvalue } });",
    to: '',
  },
  {
    name: "the leader's ballot is not written",
    invariant: 'flush',
    file: 'paxos/leader.ts',
    from: "effects.push({ type: 'persist', record: { type: 'leader-ballot', ballot } });",
    to: '',
  },
  {
    name: 'a stale p2a is answered at the new ballot of its leader',
    invariant: 'flush',
    file: 'paxos/acceptor.ts',
    from: 'else if (this.#ballot?.leader === from)',
    to: "else if (this.#ballot?.leader === '')",
  },
  {
    name: 'a p2b names another slot',
    invariant: 'flush',
    file: 'paxos/acceptor.ts',
    from: "{ type: 'p2b', ballot: this.#ballot ?? ballot, slot }",
    to: "{ type: 'p2b', ballot: this.#ballot ?? ballot, slot: slot ^ 1 }",
  },
  {
    name: 'a write is done before it is on disk',
    invariant: 'durability',
    file: 'storage/segment-log.ts',
    from: 'this.#options.folder.write(segmentName(number), block * BLOCK_BYTES, data, settle);',
    to: `const copy = Buffer.from(data);
      this.#options.folder.write(segmentName(number), block * BLOCK_BYTES, copy, () => undefined);
      settle();`,
  },
  {
    name: 'it accepts below its promise',
    invariant: 'A2',
    file: 'paxos/acceptor.ts',
    from: 'if (compareBallots(ballot, this.#ballot) === 0) {',
    to: 'if (compareBallots(ballot, this.#ballot) <= 0) {',
  },
  {
    name: 'it adopts any ballot',
    invariant: 'A1',
    file: 'paxos/acceptor.ts',
    from: `if (compareBallots(ballot, this.#ballot) > 0) {
      this.#adopt(ballot);`,
    to: `if (compareBallots(ballot, this.#ballot) !== 0) {
      this.#adopt(ballot);`,
  },
  {
    name: 'the acceptor forgets its ballot in a restart',
    invariant: 'A2',
    file: 'paxos/acceptor.ts',
    from: 'this.#ballot = recovered.ballot;',
    to: 'this.#ballot = undefined;',
  },
  {
    name: 'the leader forgets its ballot in a restart',
    invariant: 'C1',
    file: 'paxos/member.ts',
    from: 'ballot: leaderBallot, highest, slotOut };',
    to: 'ballot: undefined, highest: ballot, slotOut };',
  },
  {
    name: 'a new ballot keeps the proposals of the one before',
    invariant: 'C1',
    file: 'paxos/leader.ts',
    from: 'this.#proposals.clear();',
    to: '',
  },
  {
    name: 'a new leader proposes what was accepted at another slot',
    invariant: 'C2',
    file: 'paxos/leader.ts',
    from: 'pvalues.get(slot)?.value ?? NO_OP',
    to: 'pvalues.get(slot + 1)?.value ?? NO_OP',
  },
  {
    name: 'a new leader proposes nothing of what was accepted',
    invariant: 'C2',
    file: 'paxos/leader.ts',
    from: 'pvalues.get(slot)?.value ?? NO_OP',
    to: 'NO_OP',
  },
  {
    name: 'one page of a p1b counts as all of it',
    invariant: 'C2',
    file: 'paxos/scout.ts',
    from: 'if (page.next !== undefined) {',
    to: 'if (page.next === -1) {',
  },
  {
    name: 'the floor of a p1b is not heeded',
    invariant: 'C2',
    file: 'paxos/scout.ts',
    from: 'this.#floor = Math.max(this.#floor, page.floor);',
    to: '',
  },
  {
    name: 'a p1b of a lower ballot counts',
    invariant: 'adopted',
    file: 'paxos/scout.ts',
    from: 'if (order < 0 || !this',
    to: 'if (!this',
  },
  {
    name: 'a p2b of a lower ballot counts',
    invariant: 'R2',
    file: 'paxos/commander.ts',
    from: 'if (order < 0) return undefined;',
    to: '',
  },
  {
    name: 'one p2b decides',
    invariant: 'R2',
    file: 'paxos/commander.ts',
    from: "return this.#quorum.reached ? { type: 'decided' } : undefined;",
    to: "return { type: 'decided' };",
  },
  {
    name: 'a decision takes its value from a pvalue of a lower ballot',
    invariant: 'R1',
    file: 'paxos/acceptor.ts',
    from: 'if (accepted === undefined || compareBallots(accepted.ballot, ballot) < 0) return undefined;',
    to: 'if (accepted === undefined) return undefined;',
  },
  {
    name: 'after a restart, what was accepted counts as decided',
    invariant: 'R2',
    file: 'paxos/replica.ts',
    from: 'if (slot < slotOut || (!learned && slot >= decidedMark)) continue;',
    to: 'if (slot < slotOut) continue;',
  },
  {
    name: 'slots are applied out of order',
    invariant: 'R3',
    file: 'paxos/replica.ts',
    from: 'if (decision === undefined) break;',
    to: `if (decision === undefined) {
        if (this.#slotOut >= this.#end) break;
        this.#slotOut += 1;
        continue;
      }`,
  },
  {
    name: 'the leader does not heed WINDOW',
    invariant: 'R5',
    file: 'paxos/leader.ts',
    from: 'if (ballot === undefined || slot >= this.#mark + this.#configuration.window) return [];',
    to: 'if (ballot === undefined) return [];',
  },
  {
    name: 'slots are forgotten without the decided mark',
    invariant: 'mark',
    file: 'service/driver.ts',
    from: "this.#perform(member.step({ type: 'checkpoint' }));",
    to: '',
  },
  {
    name: 'a cut claims a slot that it does not have',
    invariant: 'mark',
    file: 'service/driver.ts',
    from: 'const cut = state.cut(member.slotOut);',
    to: 'const cut = state.cut(member.slotOut + 1);',
  },
  {
    name: 'a value that was learned is not written',
    invariant: 'R1',
    file: 'paxos/acceptor.ts',
    from: "return [{ type: 'persist', record: { type: 'learned', ballot, slot, value } }];",
    to: 'return [];',
  },
  {
    name: 'the decided mark is one slot too high',
    invariant: 'mark',
    file: 'paxos/member.ts',
    from: "record: { type: 'decided-mark', slot: this.slotOut }",
    to: "record: { type: 'decided-mark', slot: this.slotOut + 1 }",
  },
  {
    name: 'a command that ran runs again',
    invariant: 'linearizable',
    file: 'machine/applier.ts',
    from: 'const missing = session.missing(number, operations.length);',
    to: 'const missing = operations.length;',
  },
  {
    name: 'a command that was answered runs again',
    invariant: 'linearizable',
    file: 'machine/applier.ts',
    from: "if (number < session.lowest) return refused(command, 'ALREADY_ANSWERED');",
    to: '',
  },
  {
    name: 'sessions are not in the state',
    invariant: 'linearizable',
    file: 'machine/applier.ts',
    from: `save(): void {
    this.#sessions.save();`,
    to: 'save(): void {',
  },
  {
    name: 'what a cut is writing is not read',
    invariant: 'state',
    file: 'storage/overlay-state.ts',
    from: 'if (written === undefined) written = this.#frozen.get(table)?.get(key);',
    to: '',
  },
  {
    name: 'a lost p1a is not sent again',
    invariant: 'liveness',
    file: 'paxos/scout.ts',
    from: 'if (!this.#retransmission.tick(random)) return [];',
    to: 'if (random >= 0) return [];',
  },
  {
    name: 'a lost p2a is not sent again',
    invariant: 'liveness',
    file: 'paxos/commander.ts',
    from: 'return this.#retransmission.tick(random) ? this.#quorum.missing : [];',
    to: 'return random < 0 ? this.#quorum.missing : [];',
  },
  {
    name: 'a preempted leader goes on',
    invariant: 'liveness',
    file: 'paxos/leader.ts',
    from: 'if (compareBallots(ballot, this.#ballot) <= 0) return [];',
    to: 'if (this.#active || compareBallots(ballot, this.#ballot) <= 0) return [];',
  },
  {
    name: 'who lacks decisions does not ask for them',
    invariant: 'liveness',
    file: 'paxos/learner.ts',
    from: '} else if (this.#retransmission.tick(random)) {',
    to: '} else if (random < 0) {',
  },
];
