import type { Message } from '../../node/src/paxos/messages.ts';
import { calmPlan, type Plan } from './plan.ts';
import type { Tamper } from './simulated-network.ts';
import { simulate } from './simulation.ts';

/* A lost or doubled message must not wedge the cluster (Liu, Chand, Stoller, arXiv 1704.00082). */

const plan: Plan = { ...calmPlan, mode: 'liveness', window: 2 };

/** The first frames with a message of that type have another fate. */
function first(count: number, type: Message['type'], fate: 'lost' | 'twice'): Tamper {
  let left = count;
  return (_from, _to, messages) => {
    if (left === 0 || !messages.some((message) => message.type === type)) return 'drawn';
    left -= 1;
    return fate;
  };
}

const types = ['p1a', 'p1b', 'p2a', 'p2b', 'decision', 'propose', 'heartbeat'] as const;
const stableTypes = ['alive', 'canvass', 'canvassed'] as const;

describe.each([
  ['stable', [...types, ...stableTypes]],
  ['on-demand', types],
] as const)('leadership %s', (leadership, carried) => {
  test.each(carried)('the first twenty frames with a %s are lost: all is answered', (type) => {
    const tamper = first(20, type, 'lost');
    const { failure, answered } = simulate({ ...plan, leadership }, { tamper });
    expect({ failure, answered }).toEqual({ failure: undefined, answered: 20 });
  });

  test.each(carried)('every frame with a %s comes twice: all is answered', (type) => {
    const tamper = first(Infinity, type, 'twice');
    const { failure, answered } = simulate({ ...plan, leadership }, { tamper });
    expect({ failure, answered }).toEqual({ failure: undefined, answered: 20 });
  });
});
