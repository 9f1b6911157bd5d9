import type { Node } from './values-schema.ts';

interface Row {
  readonly name: string;
  readonly description: string;
  readonly fallback: unknown;
}

/** The table of values in the chart's README: a row for each leaf of the schema. */
export function valuesTable(schema: Node, defaults: unknown): string {
  const cells = rows(schema, defaults, '').map(({ name, description, fallback }) => [
    `\`${name}\``,
    description.replaceAll('|', '\\|'),
    fallback === undefined ? '' : `\`${JSON.stringify(fallback)}\``,
  ]);
  const table = [['value', 'meaning', 'default'], ...cells];
  const columns = table[0]?.keys() ?? [];
  const widths = [...columns].map((column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const [head, ...body] = table.map(line);
  return [head, rule, ...body].join('\n');
}

function rows(schema: Node, given: unknown, name: string): Row[] {
  const { properties, description = '' } = schema;
  if (properties === undefined) {
    return [{ name, description, fallback: given ?? schema.default }];
  }
  return Object.entries(properties).flatMap(([key, child]) => {
    const value = isRecord(given) ? given[key] : undefined;
    return rows(child, value, name === '' ? key : `${name}.${key}`);
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
