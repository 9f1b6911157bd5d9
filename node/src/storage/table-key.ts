import type { TableKey } from './entry.ts';

/** What is not of a table begins with NUL, and sorts before all that is. */
export const FIRST_TABLE: TableKey = '\x01';
/** Sorts behind every key of a table. */
export const AFTER_TABLES: TableKey = '\xff\xff';

export function tableKey(table: string, key: string): TableKey {
  return `${table}\0${key}`;
}

/** The name of the table that a key is of. */
export function tableOf(key: TableKey): string {
  return key.slice(0, key.indexOf('\0'));
}

/** Sorts right behind every key that begins with `prefix`, which is no run of 0xff alone. */
export function afterAll(prefix: TableKey): TableKey {
  const end = prefix.replace(/\xff+$/, '');
  return end.slice(0, -1) + String.fromCharCode(end.charCodeAt(end.length - 1) + 1);
}
