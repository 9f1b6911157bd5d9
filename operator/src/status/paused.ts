import type { Observation } from '../observation/observation.ts';
import { saying, type Saying } from './condition.ts';

export function paused({ cluster: { spec } }: Observation): Saying {
  return spec.paused
    ? saying('Paused', 'True', 'Asked', 'The operator looks on, as spec.paused asks for.')
    : saying('Paused', 'False', 'NotAsked', 'The operator acts.');
}
