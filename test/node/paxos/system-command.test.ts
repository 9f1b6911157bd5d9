import {
  encodeChange,
  encodeSystemCommand,
  isSystemCommand,
  parseSystemCommand,
  type SystemCommand,
} from '../../../node/src/paxos/system-command.ts';
import { value } from './samples.ts';

const lists = { voters: ['a', 'b', 'c'], learners: ['d'] };
const change: SystemCommand = { type: 'change', base: 3, ...lists, forced: false };
const upgrade: SystemCommand = { type: 'machine', version: 2, base: 3 };
const expiry: SystemCommand = { type: 'expire', sessions: [{ client: 'ab', touched: 7 }] };
const commands: SystemCommand[] = [change, { type: 'compare' }, upgrade, expiry];
const text = (command: string): Uint8Array => new TextEncoder().encode(command);

test.each(commands)('a $type is parsed as it was', (command) => {
  const bytes = encodeSystemCommand(command);
  expect(isSystemCommand(bytes)).toBe(true);
  expect(parseSystemCommand(bytes)).toEqual(command);
});

test.each(commands)('any flipped bit of a $type is noticed', (command) => {
  const bytes = encodeSystemCommand(command);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Uint8Array.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(parseSystemCommand(flipped)).toBeUndefined();
  }
});

test('a change in an older log is parsed, too', () => {
  const { type, ...fields } = change;
  expect(parseSystemCommand(text(`\0${JSON.stringify(fields)}`))).toEqual({ type, ...fields });
});

test('commands of clients, and what is not whole, are none', () => {
  const [clients = new Uint8Array()] = value('x');
  expect(isSystemCommand(clients)).toBe(false);
  expect(parseSystemCommand(clients)).toBeUndefined();
  const broken = ['', '\0', '\0{}', '\0{"base":0,"voters":[1],"learners":[],"forced":false}'];
  for (const each of broken) expect(parseSystemCommand(text(each))).toBeUndefined();
  expect(parseSystemCommand(encodeChange(change).subarray(0, 4))).toBeUndefined();
});
