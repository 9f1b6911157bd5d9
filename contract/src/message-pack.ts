import { Packr, RESERVE_START_SPACE } from 'msgpackr';
import { asBuffer } from './bytes.ts';

/*
 * The part of MessagePack that travels: nil, booleans, numbers, text, bytes, and lists of them.
 * The codec that packs would unpack much more: maps, records, references, bundles of text, large
 * numbers, dates, expressions, errors. Of some of them, few bytes are work for seconds. So what
 * comes is read here, and each of them is an error at once.
 */

const packr = new Packr({ useRecords: false, variableMapSize: true });

/** Of lists in one another. Nothing that travels has half of it. */
const MOST_DEPTH = 16;
/** It is faster to make so short a text of its characters. */
const SHORT_TEXT = 8;
/** Ids come again and again: it is faster to compare one than to make it anew. */
const LONGEST_ID = 40;
const KNOWN = 64;
const known = new Array<string>(KNOWN).fill('');
const CUT_OFF = 'the end of what was packed is missing';

/** Bytes are views of those that were unpacked. */
type Packed = null | boolean | number | bigint | string | Uint8Array | readonly Packed[];

/** @param reserved room for so many bytes before it */
export function pack(value: unknown, reserved = 0): Buffer {
  return packr.pack(value, RESERVE_START_SPACE | reserved);
}

/**
 * Takes time and memory in proportion to the bytes, whatever they are: for an element of a list,
 * however short, much more than for a byte of a text.
 * @throws TypeError when they are anything else than one packed value
 */
export function unpack(bytes: Uint8Array): Packed {
  const unpacking = new Unpacking(asBuffer(bytes));
  const value = unpacking.next();
  unpacking.end();
  return value;
}

/** Reads packed values one after the other, so that what comes first decides about the rest. */
export class Unpacking {
  readonly #bytes: Buffer;
  readonly #most: number;
  #at = 0;
  /** So many elements more may the lists have, all together. */
  #room: number;

  /** @param most so many elements may all lists have together; none may have more than bytes */
  constructor(bytes: Buffer, most = Infinity) {
    this.#bytes = bytes;
    this.#most = most;
    this.#room = Math.min(bytes.length, most);
  }

  next(): Packed {
    return this.#value(0);
  }

  /** The next one, which is no list: it costs no more than its bytes. */
  scalar(): Packed {
    const tag = this.#bytes[this.#at] ?? 0;
    if (isList(tag)) throw new TypeError('a list stands where there is none');
    return this.#value(0);
  }

  /** Begins a list. @returns how many elements follow */
  list(): number {
    const tag = this.#bytes[this.#at++] ?? 0;
    if (!isList(tag)) throw new TypeError('an array is missing');
    const length = tag < 0xa0 ? tag - 0x90 : this.#whole(tag === 0xdc ? 2 : 4);
    this.#take(length);
    return length;
  }

  /** Everything was read. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new TypeError('more follows what was packed');
  }

  #value(depth: number): Packed {
    const tag = this.#bytes[this.#at++];
    if (tag === undefined) throw new TypeError(CUT_OFF);
    if (tag < 0x80) return tag;
    if (tag >= 0xe0) return tag - 0x100;
    if (tag >= 0xa0 && tag < 0xc0) return this.#text(tag - 0xa0);
    if (tag >= 0x90 && tag < 0xa0) return this.#list(tag - 0x90, depth);
    switch (tag) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#blob(this.#whole(1));
      case 0xc5:
        return this.#blob(this.#whole(2));
      case 0xc6:
        return this.#blob(this.#whole(4));
      case 0xcb:
        return this.#bytes.readDoubleBE(this.#skip(8));
      case 0xcc:
        return this.#whole(1);
      case 0xcd:
        return this.#whole(2);
      case 0xce:
        return this.#whole(4);
      case 0xcf:
        return this.#bytes.readBigUInt64BE(this.#skip(8));
      case 0xd0:
        return this.#bytes.readInt8(this.#skip(1));
      case 0xd1:
        return this.#bytes.readInt16BE(this.#skip(2));
      case 0xd2:
        return this.#bytes.readInt32BE(this.#skip(4));
      case 0xd3:
        return this.#bytes.readBigInt64BE(this.#skip(8));
      case 0xd9:
        return this.#text(this.#whole(1));
      case 0xda:
        return this.#text(this.#whole(2));
      case 0xdb:
        return this.#text(this.#whole(4));
      case 0xdc:
        return this.#list(this.#whole(2), depth);
      case 0xdd:
        return this.#list(this.#whole(4), depth);
      default:
        throw new TypeError(`0x${tag.toString(16)} packs nothing that may travel`);
    }
  }

  /** A whole number. */
  #whole(size: 1 | 2 | 4): number {
    let number = 0;
    const end = this.#at + size;
    if (end > this.#bytes.length) throw new TypeError(CUT_OFF);
    for (let i = this.#at; i < end; i++) number = number * 256 + (this.#bytes[i] ?? 0);
    this.#at = end;
    return number;
  }

  /** @returns where they begin */
  #skip(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    if (this.#at > this.#bytes.length) throw new TypeError(CUT_OFF);
    return at;
  }

  #blob(length: number): Buffer {
    const at = this.#skip(length);
    return this.#bytes.subarray(at, at + length);
  }

  #text(length: number): string {
    const bytes = this.#bytes;
    const at = this.#skip(length);
    if (length <= SHORT_TEXT) return shortText(bytes, at, at + length);
    if (length > LONGEST_ID) return bytes.toString('utf8', at, at + length);
    const place = (length + 3 * (bytes[at] ?? 0) + 7 * (bytes[at + length - 1] ?? 0)) % KNOWN;
    const before = known[place];
    if (before?.length === length && isAt(before, bytes, at)) return before;
    const text = bytes.toString('utf8', at, at + length);
    known[place] = text;
    return text;
  }

  #list(length: number, depth: number): Packed[] {
    if (depth === MOST_DEPTH) throw new TypeError(`more than ${MOST_DEPTH} lists in one another`);
    this.#take(length);
    const list = new Array<Packed>(length);
    for (let i = 0; i < length; i++) list[i] = this.#value(depth + 1);
    return list;
  }

  /** Before there is memory for them: they may be said to be billions. */
  #take(elements: number): void {
    this.#room -= elements;
    if (this.#room >= 0) return;
    const isCutOff = this.#most >= this.#bytes.length;
    throw new TypeError(isCutOff ? CUT_OFF : `more than ${this.#most} elements in lists`);
  }
}

function isList(tag: number): boolean {
  return (tag >= 0x90 && tag < 0xa0) || tag === 0xdc || tag === 0xdd;
}

/** Whether the bytes from there on are this text, and ASCII. */
function isAt(text: string, bytes: Buffer, at: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (character >= 0x80 || character !== bytes[at + i]) return false;
  }
  return true;
}

function shortText(bytes: Buffer, at: number, end: number): string {
  let text = '';
  for (let i = at; i < end; i++) {
    const character = bytes[i] ?? 0;
    if (character >= 0x80) return bytes.toString('utf8', at, end);
    text += String.fromCharCode(character);
  }
  return text;
}
