import { messageTable } from '../../../node/src/paxos/message-table.ts';

test('codes stay what they are: members of other versions read them', () => {
  const codes = Object.entries(messageTable).map(([type, { code }]) => [code, type]);
  expect(codes).toEqual([
    [0, 'p1a'],
    [1, 'p2a'],
    [2, 'p1b'],
    [3, 'p2b'],
    [4, 'propose'],
    [5, 'forgotten'],
    [6, 'heartbeat'],
    [7, 'decision'],
    [8, 'learn'],
    [9, 'learned'],
    [10, 'alive'],
    [11, 'canvass'],
    [12, 'canvassed'],
    [13, 'hand-over'],
    [14, 'fetch'],
    [15, 'chunk'],
    [16, 'question'],
    [17, 'testimony'],
    [18, 'history'],
    [19, 'digests'],
    [20, 'probe'],
    [21, 'probed'],
    [22, 'reach'],
  ]);
});
