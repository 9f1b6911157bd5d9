import { parseRecoveryAnswer, parseRecoveryRequest } from '../../contract/src/recovery.ts';

test('a request names two clusters', () => {
  const request = { clusterId: 'old', newClusterId: 'new' };
  expect(parseRecoveryRequest(JSON.stringify(request))).toEqual(request);
  for (const other of [{}, { clusterId: 'old' }, { ...request, newClusterId: 'old' }]) {
    expect(parseRecoveryRequest(JSON.stringify(other))).toBeUndefined();
  }
  // It becomes a part of the name of a folder.
  for (const clusterId of ['../x', 'a.b', 'a/b', '', 7]) {
    expect(parseRecoveryRequest(JSON.stringify({ ...request, clusterId }))).toBeUndefined();
  }
});

test('an answer is ok, or has a code', () => {
  expect(parseRecoveryAnswer('{"ok":true}')).toEqual({ ok: true });
  const refused = { ok: false, code: 'HAS_LEADER' };
  expect(parseRecoveryAnswer(JSON.stringify(refused))).toEqual(refused);
  for (const text of ['', '{}', '{"ok":false}', '{"ok":false,"code":"x"}']) {
    expect(parseRecoveryAnswer(text)).toBeUndefined();
  }
});
