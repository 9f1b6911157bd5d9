import { parseTransferAnswer, parseTransferRequest } from '../../contract/src/transfer.ts';

test.each(['', 'null', '7', '[1]', '{"to":7}', '{'])('%j is no request', (text) => {
  expect(parseTransferRequest(text)).toBeUndefined();
});

test.each(['', 'null', '{}', '{"ok":true}', '{"ok":false,"code":"NO_SUCH"}'])(
  '%j is no answer',
  (text) => {
    expect(parseTransferAnswer(text)).toBeUndefined();
  },
);

test('requests and answers are parsed as they were', () => {
  for (const request of [{}, { to: 'n1' }]) {
    expect(parseTransferRequest(JSON.stringify(request))).toEqual(request);
  }
  for (const answer of [{ ok: true, leader: 'n1' } as const, { ok: false, code: 'NO_LEADER' }]) {
    expect(parseTransferAnswer(JSON.stringify(answer))).toEqual(answer);
  }
});
