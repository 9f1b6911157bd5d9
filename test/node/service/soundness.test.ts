import { encodeCommand } from '../../../contract/src/command.ts';
import { mayBeAccepted } from '../../../node/src/service/soundness.ts';
import { encodeSystemCommand } from '../../../node/src/paxos/system-command.ts';

const ballot = { round: 1, leader: 'a' };
const command = encodeCommand({
  client: '0'.repeat(32),
  number: 1,
  lowest: 1,
  operations: [new Uint8Array([1, 2, 3])],
});

/** Every way in which one bit of a command may be another one. */
function* flipped(whole: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const bytes = Buffer.from(whole);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    yield bytes;
  }
}

test.each([
  ["a client's", command],
  ["the cluster's own", encodeSystemCommand({ type: 'compare' })],
])('whatever bit flips in %s command: nobody accepts it in any message', (_, whole) => {
  for (const bytes of [whole, ...flipped(whole)]) {
    const isWhole = bytes === whole;
    const value = [command, bytes];
    const pvalues = [{ ballot, slot: 3, value }];
    const messages = [
      mayBeAccepted({ type: 'p2a', ballot, slot: 3, value, decided: [] }),
      mayBeAccepted({ type: 'propose', slot: 3, value }),
      mayBeAccepted({ type: 'p1b', ballot, from: 0, forgotten: 0, pvalues }),
    ];
    expect(messages).toEqual([isWhole, isWhole, isWhole]);
  }
});
