import type { MachineVersion } from '../../../contract/src/machine-version.ts';
import type { HeardEnds } from '../paxos/log-end.ts';
import type { Slot } from '../paxos/pvalue.ts';
import { DamageError } from './damage.ts';
import { Digests, isSameDigest, seedOfCluster } from './digest.ts';
import type { Entry, TableKey } from './entry.ts';
import { encodeFacts, factsOf, parseJson, type Facts } from './facts.ts';
import { ForeignDataError, FormatError } from './format-error.ts';
import { machineErrorOf } from './machine-error.ts';
import { PassedHistories } from './passed-history.ts';
import { ProvenRanges } from './proven-ranges.ts';
import type { KeyRange, RawEntry, RawFile } from './raw-file.ts';
import { Scrub } from './scrub.ts';
import { StagedTables } from './staged-tables.ts';
import { convertFormat1, readFormat1 } from './state-format-1.ts';
import { STATE_FILE } from './state-files.ts';
import type { CutFacts, StateSnapshot, Staging } from './state.ts';
import { foundEntry, hashIn, storedEntry } from './stored-entry.ts';
import { AFTER_TABLES, FIRST_TABLE, tableOf } from './table-key.ts';

const STATE_FORMAT = 2;
/** Of the facts. Sorts before everything else. */
const FACTS: TableKey = '\0meta';
/** Of their hash, in every cluster: they say whose the state is, also to whoever else finds it. */
const FACTS_SEED = 0n;
const NO_FACTS: Facts = { slotOut: 0, digests: new Digests(), logEnd: 0, heard: {} };

export interface TablesOptions {
  readonly clusterId: string;
  readonly memberId: string;
  /** Tables in which a key is read together with its range: see ProvenRanges. */
  readonly proven?: readonly string[];
  /** The member has run before: its state has to be there. */
  readonly mustExist?: boolean;
  /** The state that was there was set aside: another one begins. */
  readonly anew?: boolean;
  /** What this member has heard, for a state that begins. */
  readonly heard?: HeardEnds;
  /** What applies to the state; without it, who opens the state does not mean to. */
  readonly machine?: OpeningMachine;
}

export interface OpeningMachine {
  /** What this process has, in its newest version. */
  readonly has: MachineVersion;
  /** In force at the first slot. */
  readonly first: MachineVersion;
}

/**
 * The state's tables over a file that is not to be trusted. Every value has a checksum; the facts
 * are there, or the state is damaged; each table has a digest, in the transaction of `slot_out`.
 */
export class CheckedTables {
  readonly #raw: RawFile;
  readonly #options: TablesOptions;
  readonly #seed: bigint;
  readonly #proven: ProvenRanges;
  readonly #histories: PassedHistories;
  readonly #scrub: Scrub;
  #facts: Facts;
  #isWriting = false;

  /**
   * @throws DamageError, FormatError, ForeignDataError, MachineError — then nothing was changed
   */
  constructor(raw: RawFile, options: TablesOptions) {
    this.#raw = raw;
    this.#options = options;
    this.#seed = seedOfCluster(options.clusterId);
    this.#proven = new ProvenRanges(raw, this.#seed, options.proven ?? []);
    this.#histories = new PassedHistories(raw, this.#seed);
    this.#scrub = new Scrub(raw, this.#seed);
    this.#facts = this.#withMachine(this.#open());
  }

  get facts(): Facts {
    return this.#facts;
  }

  get bytes(): number {
    return this.#raw.bytes;
  }

  get usedBytes(): number {
    return this.#raw.usedBytes;
  }

  #open(): Facts {
    const stored = this.#raw.get(FACTS);
    if (stored === undefined) return this.#begin();
    const meta = readFormat1(FACTS, stored);
    if (meta === undefined) return this.#whole(this.#read(stored));
    this.#checkOwner({ ...meta });
    const ranges = this.#proven.changes();
    const of = { raw: this.#raw, key: FACTS, meta, seed: this.#seed, ranges };
    const { facts, entries } = convertFormat1(of);
    this.#raw.writeNow([...entries, this.#factsEntry(facts)]);
    return facts;
  }

  /**
   * A state of an older Synod does not name its machine: it gets the first version of the one that
   * the cluster, or else the process, was started with. At once, also when nothing is applied: so
   * the next process cannot name another.
   */
  #withMachine(facts: Facts): Facts {
    const { machine } = this.#options;
    if (machine === undefined) return facts;
    const error = machineErrorOf(facts.machine ?? machine.first, machine.has);
    if (error !== undefined) throw error;
    if (facts.machine !== undefined) return facts;
    const named: Facts = { ...facts, machine: machine.first };
    this.#raw.writeNow([this.#factsEntry(named)]);
    return named;
  }

  /** All that was written is there, and nothing else: what is of an older page is not. */
  #whole(facts: Facts): Facts {
    const { found } = this.#raw;
    const { total } = facts.digests;
    if (found === undefined || isSameDigest(found, total)) return facts;
    const what =
      found.count === total.count
        ? 'they are not those that were written'
        : `there are ${found.count} entries, and not the ${total.count} that were written`;
    throw new DamageError(STATE_FILE, 'the tables', what);
  }

  /** A state that was never written begins with its facts. */
  #begin(): Facts {
    const [some] = this.#raw.range({ from: '', to: AFTER_TABLES });
    if (some !== undefined || this.#options.mustExist === true) throw noFacts('they are missing');
    const { anew = false, heard = {} } = this.#options;
    const facts: Facts = { ...NO_FACTS, heard, ...(anew && { origin: 'anew' }) };
    this.#raw.writeNow([this.#factsEntry(facts)]);
    return facts;
  }

  #read(stored: Uint8Array): Facts {
    const json = parseJson(foundEntry(FACTS, stored, FACTS_SEED).value);
    const { format } = json;
    if (typeof format === 'number' && format > STATE_FORMAT) {
      throw new FormatError(STATE_FILE, format, STATE_FORMAT);
    }
    this.#checkOwner(json);
    const facts = factsOf(json);
    if (facts === undefined) throw noFacts('they are not whole');
    return facts;
  }

  #checkOwner({ cluster, member }: Readonly<Record<string, unknown>>): void {
    const { clusterId, memberId } = this.#options;
    if (cluster !== clusterId) {
      throw new ForeignDataError(STATE_FILE, 'cluster', String(cluster), clusterId);
    }
    if (member !== memberId) {
      throw new ForeignDataError(STATE_FILE, 'member', String(member), memberId);
    }
  }

  #factsEntry(facts: Facts): Entry {
    const { clusterId: cluster, memberId: member } = this.#options;
    const value = encodeFacts(facts, { format: STATE_FORMAT, cluster, member });
    return [FACTS, storedEntry(FACTS, value, FACTS_SEED)];
  }

  /** @throws DamageError */
  get(key: TableKey): Uint8Array | undefined {
    if (this.#proven.covers(key)) this.#proven.check(key);
    const stored = this.#raw.get(key);
    return stored && foundEntry(key, stored, this.#seed).value;
  }

  *range(range: KeyRange): Generator<RawEntry> {
    for (const [key, stored] of this.#raw.range(range)) {
      yield [key, foundEntry(key, stored, this.#seed).value];
    }
  }

  /** See `StateStore.historyAt`. */
  historyAt(slot: Slot): bigint | undefined {
    return this.#histories.at(slot);
  }

  /** See `StateStore.scrub`. */
  scrub(): boolean {
    if (this.#isWriting || !this.#scrub.slice(this.#facts.digests)) return false;
    const stored = this.#raw.get(FACTS);
    if (stored === undefined) throw noFacts('they are missing');
    const { slotOut } = this.#read(stored);
    if (slotOut !== this.#facts.slotOut) throw noFacts(`they are those of slot ${slotOut}`);
    return true;
  }

  /** Writes the entries, and the facts with them, in one transaction; done when it is durable. */
  write(
    entries: Iterable<Entry>,
    slotOut: Slot,
    { passed, ...told }: CutFacts,
    done: (error?: Error) => void,
  ): void {
    const digests = this.#facts.digests.copy();
    const facts: Facts = { ...this.#facts, ...told, origin: 'own', slotOut, digests };
    let stored: Entry[];
    try {
      stored = this.#replace(entries, digests);
      if (passed !== undefined) stored.push(...this.#histories.entries(passed));
    } catch (error) {
      return done(error instanceof Error ? error : new Error(String(error)));
    }
    this.#isWriting = true;
    this.#raw.write([...stored, this.#factsEntry(facts)], (error) => {
      this.#isWriting = false;
      if (error === undefined) this.#facts = facts;
      done(error);
    });
  }

  /** What is stored of the entries; the digests follow. */
  #replace(entries: Iterable<Entry>, digests: Digests): Entry[] {
    const ranges = this.#proven.changes();
    const stored: Entry[] = [];
    for (const [key, value] of entries) {
      const old = this.#raw.get(key);
      const before = old && foundEntry(key, old, this.#seed).hash;
      const fresh = value && storedEntry(key, value, this.#seed);
      const after = fresh && hashIn(fresh);
      stored.push([key, fresh]);
      digests.replace(tableOf(key), before, after);
      ranges.replace(key, before, after);
      this.#scrub.replaced(key, before, after);
    }
    stored.push(...ranges.entries());
    return stored;
  }

  snapshot(): StateSnapshot {
    const raw = this.#raw.snapshot();
    try {
      const stored = raw.get(FACTS);
      if (stored === undefined) throw noFacts('they are missing');
      const facts = this.#read(stored);
      const entries = this.#allOf(raw.range({ from: FIRST_TABLE, to: AFTER_TABLES }), facts);
      return { facts, entries, close: () => raw.close() };
    } catch (error) {
      raw.close();
      throw error;
    }
  }

  *#allOf(entries: Iterable<RawEntry>, { digests }: Facts): Generator<Entry> {
    const found = new Digests();
    for (const [key, stored] of entries) {
      const { hash, value } = foundEntry(key, stored, this.#seed);
      found.replace(tableOf(key), undefined, hash);
      yield [key, value];
    }
    const table = found.firstDifference(digests);
    if (table !== undefined) {
      throw new DamageError(STATE_FILE, `table ${table}`, 'it is not what was written');
    }
  }

  stage(): Staging {
    return new StagedTables(this.#raw.stage(), {
      seed: this.#seed,
      ranges: this.#proven.staged(),
      factsEntry: (facts) => this.#factsEntry(facts),
    });
  }

  close(): Promise<void> {
    return this.#raw.close();
  }
}

function noFacts(why: string): DamageError {
  return new DamageError(STATE_FILE, 'the facts', why);
}
