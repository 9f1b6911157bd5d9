import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { permissionsOf } from '../../contract/src/permissions.ts';
import { customResourceDefinition } from '../src/api/crd.ts';
import { dashboard } from './dashboard.ts';
import { valuesJsonSchema } from './values-schema.ts';
import { valuesTable } from './values-table.ts';

export interface Generated {
  /** Relative to the root of the repository. */
  readonly file: string;
  readonly text: string;
}

export const CHART = 'charts/synod';
const README = `${CHART}/README.md`;
const BEGIN = '<!-- values -->';
const END = '<!-- end of values -->';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** What is generated from the sources alone. */
export function generated(root: string): Generated[] {
  const definition = yaml(customResourceDefinition());
  return [
    { file: `${CHART}/crds/paxosclusters.yaml`, text: definition },
    { file: 'k8s/paxosclusters.yaml', text: definition },
    { file: `${CHART}/values.schema.json`, text: json(valuesJsonSchema()) },
    // The templates put the names in.
    { file: `${CHART}/files/permissions.json`, text: json(permissionsOf('NAMESPACE', 'CLUSTER')) },
    { file: `${CHART}/files/dashboard.json`, text: json(dashboard()) },
    { file: README, text: readme(root) },
  ];
}

export function yaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** The README of the chart, with its table of values anew. */
function readme(root: string): string {
  const text = readFileSync(path.join(root, README), 'utf8');
  const [before, rest] = text.split(BEGIN);
  const [, after] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined) {
    throw new Error(`${README} has no place for the table of values: "${BEGIN}" … "${END}"`);
  }
  const defaults: unknown = parse(readFileSync(path.join(root, CHART, 'values.yaml'), 'utf8'));
  return `${before}${BEGIN}\n\n${valuesTable(valuesJsonSchema(), defaults)}\n\n${END}${after}`;
}
