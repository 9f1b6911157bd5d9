import type { Observation } from '../observation/observation.ts';
import { saying, type Saying } from './condition.ts';

/** Whether operator and members reach NATS. Nothing is restarted because they do not. */
export function natsReachable({ natsDown, statuses }: Observation): Saying {
  if (natsDown !== undefined) {
    return saying('NATSReachable', 'False', 'OperatorCutOff', `The operator: ${natsDown}`);
  }
  const cutOff = statuses.filter(({ natsConnected }) => !natsConnected).map(({ name }) => name);
  if (cutOff.length === 0) {
    return saying('NATSReachable', 'True', 'Connected', 'The operator and the members reach NATS.');
  }
  const message = `The operator reaches NATS, and ${cutOff.join(', ')} do not.`;
  return saying('NATSReachable', 'False', 'MembersCutOff', message);
}
