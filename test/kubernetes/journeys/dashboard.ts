import { readFileSync } from 'node:fs';

const FILE = 'charts/synod/files/dashboard.json';

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

export interface Query {
  readonly panel: string;
  readonly expr: string;
}

/**
 * The queries of the chart's dashboard, with values in the place of Grafana's variables.
 * @throws Error when a query has a variable without a value
 */
export function dashboardQueries(values: Readonly<Record<string, string>>): Query[] {
  const { panels } = JSON.parse(readFileSync(FILE, 'utf8')) as Dashboard;
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ panel: title, expr: filledIn(expr, values) })),
  );
}

function filledIn(expr: string, values: Readonly<Record<string, string>>): string {
  return expr.replaceAll(/\$(\w+)/g, (_, name: string) => {
    const { [name]: value } = values;
    if (value === undefined) throw new Error(`"${expr}" has $${name}, which has no value here.`);
    return value;
  });
}
