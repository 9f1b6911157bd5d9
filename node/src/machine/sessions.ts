import type { Key, Tables } from '../../../machines/src/port/tables.ts';
import { lifeOf, Session, type SessionLife } from './session.ts';

/** Client id (16 bytes) to session. */
export const SESSIONS = 'sessions';

/** Whether a table is of this cluster's clients, and means nothing in another cluster. */
export function isOfClients(table: string): boolean {
  return table === SESSIONS;
}

/** No more sessions are opened, and no replies kept, beyond it. Replicated rules. */
export const MAX_SESSIONS = 100_000;
export const MAX_SESSIONS_BYTES = 256 * 1024 * 1024;

/** Unchanged sessions in memory are forgotten beyond it (up to twice as many stay). */
export interface CachedSessions {
  readonly count: number;
  readonly bytes: number;
}

/** What a look at saved sessions reads, if not one is larger. */
const LOOKED_AT_BYTES = 64 * 1024;

const CACHED: CachedSessions = { count: 1024, bytes: 32 * 1024 * 1024 };

/** A session, and the slot in which its last command was applied, as somebody knows it. */
export interface SilentSession {
  readonly client: string;
  readonly touched: number;
}

/**
 * The duplicate filter's sessions, in the table of that name: so they are in the same transaction
 * as `slot_out`. Decoded ones are kept in memory: changed ones until `save`, which the caller owes
 * before each cut, and unchanged ones while they are in use. What is kept never changes meaning.
 */
export class Sessions {
  readonly #tables: Tables;
  readonly #cached: CachedSessions;
  /** Two generations of least recent use; every dirty session is in the recent one. */
  #recent = new Map<string, Session>();
  #older = new Map<string, Session>();
  readonly #dirty = new Map<string, Session>();
  #unsavedBytes = 0;
  #count = 0;
  #bytes = 0;

  constructor(tables: Tables, cached = CACHED) {
    this.#tables = tables;
    this.#cached = cached;
    for (const [, stored] of tables.range(SESSIONS)) {
      if (lifeOf(stored) === undefined) continue;
      this.#count += 1;
      this.#bytes += stored.length;
    }
  }

  /** Of those that end: the others are as many as they were, and take nobody's place. */
  get count(): number {
    return this.#count;
  }

  /** What all of them take in the tables, once they are saved. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The client's session, if it has one. */
  find(client: string): Session | undefined {
    const recent = this.#recent.get(client);
    if (recent !== undefined) return recent;
    const session = this.#older.get(client) ?? this.#load(client);
    if (session !== undefined) this.#recent.set(client, session);
    return session;
  }

  /** A session for a client that has none. */
  open(client: string, life?: SessionLife): Session {
    const session = new Session(life);
    if (life !== undefined) this.#count += 1;
    this.#recent.set(client, session);
    this.changed(client, session, 0);
    return session;
  }

  /** Bytes of the sessions that `save` will write. */
  get unsavedBytes(): number {
    return this.#unsavedBytes;
  }

  /**
   * The session was changed: the next `save` writes it.
   * @param before what its `bytes` were
   */
  changed(client: string, session: Session, before: number): void {
    if (session.life !== undefined) this.#bytes += session.bytes - before;
    this.#unsavedBytes += session.bytes - session.weighed;
    session.weighed = session.bytes;
    if (session.dirty) return;
    session.dirty = true;
    this.#dirty.set(client, session);
  }

  /** The client has no session any more. */
  end(client: string, session: Session): void {
    for (const kept of [this.#recent, this.#older, this.#dirty]) kept.delete(client);
    this.#tables.delete(SESSIONS, keyOf(client));
    this.#count -= 1;
    this.#bytes -= session.bytes;
    this.#unsavedBytes -= session.weighed;
  }

  /** Writes every changed session to the table. */
  save(): void {
    for (const [client, session] of this.#dirty) {
      this.#tables.put(SESSIONS, keyOf(client), session.encode());
      session.dirty = false;
      session.weighed = 0;
    }
    this.#dirty.clear();
    this.#unsavedBytes = 0;
    // Only here, where all are clean: a dirty session that was forgotten would run commands twice.
    if (this.#recent.size >= this.#cached.count || this.#recentBytes() >= this.#cached.bytes) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
  }

  #recentBytes(): number {
    let bytes = 0;
    for (const session of this.#recent.values()) bytes += session.bytes;
    return bytes;
  }

  #load(client: string): Session | undefined {
    const stored = this.#tables.get(SESSIONS, keyOf(client));
    return stored === undefined ? undefined : Session.decode(stored);
  }

  /**
   * The saved sessions behind a client's, in the order of the table, with what is known of their
   * lives by now: none when there are no more, some up to `limit`, and fewer when they are large.
   */
  *behind(
    client: string | undefined,
    limit: number,
  ): Iterable<readonly [client: string, life: SessionLife | undefined]> {
    const from = client === undefined ? {} : { from: `${keyOf(client)}\0` };
    let bytes = 0;
    for (const [key, stored] of this.#tables.range(SESSIONS, { ...from, limit })) {
      if (bytes > 0 && bytes + stored.length > LOOKED_AT_BYTES) return;
      bytes += stored.length;
      const id = Buffer.from(key, 'latin1').toString('hex');
      const kept = this.#recent.get(id) ?? this.#older.get(id);
      yield [id, kept === undefined ? lifeOf(stored) : kept.life];
      if (bytes >= LOOKED_AT_BYTES) return; // The next one would be read for nothing.
    }
  }
}

function keyOf(client: string): Key {
  return Buffer.from(client, 'hex').toString('latin1');
}
