import { parseScript, ScriptError } from '../../../cli/src/master/script.ts';

test('every command of the language', () => {
  const script = [
    '0 start 3 10000',
    '0 msg 7 a text, with a comma',
    '-1 waitForAck 7',
    '2 waitForAck 7',
    '0 get chatLog',
    '0 crash',
    '1 crashAfterP1b',
    '1 crashAfterP2b',
    '1 crashP1a',
    '1 crashP2a 0 2',
    '1 crashDecision 2',
    'exit',
  ];
  expect(parseScript(script.join('\n'))).toEqual([
    { type: 'start', id: 0, n: 3, port: 10000 },
    { type: 'msg', id: 0, messageId: 7, text: 'a text, with a comma' },
    { type: 'waitForAck', messageId: 7 },
    { type: 'waitForAck', id: 2, messageId: 7 },
    { type: 'get', id: 0 },
    { type: 'crash', id: 0 },
    { type: 'arm', id: 1, line: 'crashAfterP1b' },
    { type: 'arm', id: 1, line: 'crashAfterP2b' },
    { type: 'arm', id: 1, line: 'crashP1a' },
    { type: 'arm', id: 1, line: 'crashP2a 0 2' },
    { type: 'arm', id: 1, line: 'crashDecision 2' },
    { type: 'exit' },
  ]);
});

test('keywords in any case, CR LF, blank lines, no end of the last line, spaces at line ends', () => {
  const script = '0 START 1 10000\r\n\r\n   \n0 Get ChatLog \n1 CRASHp2A 0 \r\nExit ';
  expect(parseScript(script).map(({ type }) => type)).toEqual(['start', 'get', 'arm', 'exit']);
});

test('a text keeps its spaces, and a carriage return that is not at the end', () => {
  const [command] = parseScript('0 msg 1   two  spaces \r text  \r\n');
  expect(command).toMatchObject({ text: '  two  spaces \r text  ' });
});

test('nothing after exit counts', () => {
  expect(parseScript('exit\nnonsense')).toEqual([{ type: 'exit' }]);
});

test('the first wrong line is named with its number, what it has and what was expected', () => {
  const parse = (): unknown => parseScript('0 start 1 10000\n\n0 crash now\nnonsense');
  expect(parse).toThrow(ScriptError);
  expect(parse).toThrow('line 3: "0 crash now"; expected <id> crash');
});
