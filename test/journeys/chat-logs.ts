/** What a script's `.output` file asks of the chat logs that were printed. */
export interface Expected {
  readonly count: number;
  readonly mandatory: readonly string[];
  readonly optional: readonly string[];
}

/** Parses `{'count': 2, 'mandatory': 'a,b', 'optional': ''}`. */
export function parseExpected(output: string): Expected {
  const found = /^\{'count': (\d+), 'mandatory': '(.*)', 'optional': '(.*)'\}\s*$/.exec(output);
  if (found === null) throw new Error(`no expectation: ${output}`);
  const [, count, mandatory = '', optional = ''] = found;
  return { count: Number(count), mandatory: texts(mandatory), optional: texts(optional) };
}

/** The texts of one printed chat log. */
function texts(log: string): string[] {
  return log === '' ? [] : log.split(',');
}

/**
 * Compares the chat logs that a master printed with one another and with what is expected.
 * @returns a sentence for each thing that is wrong
 */
export function complaints(printed: readonly string[], expected: Expected): string[] {
  const { count, mandatory, optional } = expected;
  const wrong: string[] = [];
  if (printed.length !== count) wrong.push(`${printed.length} chat logs, not ${count}`);
  const logs = printed.map(texts);
  const longest = logs.reduce((a, b) => (b.length > a.length ? b : a), []);
  const allowed = new Set([...mandatory, ...optional]);
  for (const [i, log] of logs.entries()) {
    const differs = log.findIndex((text, at) => text !== longest[at]);
    if (differs >= 0) {
      wrong.push(`log ${i} has ${log[differs]} at ${differs}, another has ${longest[differs]}`);
    }
    for (const text of mandatory) if (!log.includes(text)) wrong.push(`log ${i} lacks ${text}`);
    for (const text of log) if (!allowed.has(text)) wrong.push(`log ${i} has an alien ${text}`);
    if (new Set(log).size < log.length) wrong.push(`log ${i} has a text twice`);
  }
  return wrong;
}
