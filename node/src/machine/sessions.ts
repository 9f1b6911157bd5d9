import { Session } from './session.ts';
import type { Key, Tables } from './tables.ts';

/** Client id (16 bytes) to session. */
export const SESSIONS = 'sessions';

/** Whether a table is of this cluster's clients, and means nothing in another cluster. */
export function isOfClients(table: string): boolean {
  return table === SESSIONS;
}

/**
 * The duplicate filter's sessions, in the table of that name: so they are in the same transaction
 * as `slot_out`. Decoded ones are kept in memory: changed ones until `save`, which the caller owes
 * before each cut, and unchanged ones while they are in use. What is kept never changes meaning.
 */
export class Sessions {
  readonly #tables: Tables;
  readonly #limit: number;
  /** Two generations of least recent use; every dirty session is in the recent one. */
  #recent = new Map<string, Session>();
  #older = new Map<string, Session>();
  readonly #dirty = new Map<string, Session>();
  #unsavedBytes = 0;

  /** @param limit unchanged sessions are forgotten from this many (up to twice as many stay) */
  constructor(tables: Tables, limit = 1024) {
    this.#tables = tables;
    this.#limit = limit;
  }

  /** The client's session, if it ever had a command. */
  find(client: string): Session | undefined {
    const recent = this.#recent.get(client);
    if (recent !== undefined) return recent;
    const session = this.#older.get(client) ?? this.#load(client);
    if (session !== undefined) this.#recent.set(client, session);
    return session;
  }

  /** The client's session, an empty one if there is none. */
  open(client: string): Session {
    let session = this.find(client);
    if (session === undefined) {
      session = new Session();
      this.#recent.set(client, session);
    }
    return session;
  }

  /** Bytes of the sessions that `save` will write. */
  get unsavedBytes(): number {
    return this.#unsavedBytes;
  }

  /** The session was changed: the next `save` writes it. */
  touch(client: string, session: Session): void {
    this.#unsavedBytes += session.bytes - session.weighed;
    session.weighed = session.bytes;
    if (session.dirty) return;
    session.dirty = true;
    this.#dirty.set(client, session);
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
    if (this.#recent.size >= this.#limit) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
  }

  #load(client: string): Session | undefined {
    const stored = this.#tables.get(SESSIONS, keyOf(client));
    return stored === undefined ? undefined : Session.decode(stored);
  }
}

function keyOf(client: string): Key {
  return Buffer.from(client, 'hex').toString('latin1');
}
