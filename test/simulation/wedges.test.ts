import type { Message } from '../../node/src/paxos/messages.ts';
import type { Plan } from './plan.ts';
import type { Tamper } from './simulated-network.ts';
import { simulate } from './simulation.ts';

/* A lost or doubled message must not wedge the cluster (Liu, Chand, Stoller, arXiv 1704.00082). */

const plan: Plan = {
  seed: 1,
  mode: 'liveness',
  leadership: 'stable',
  machine: 'counter',
  members: 3,
  window: 2,
  clients: 2,
  requests: Array.from({ length: 20 }, (_, i) => ({
    at: 500 + 50 * i,
    client: i % 2,
    operation: { type: 'add', register: 'a', delta: 1 },
  })),
  forMs: 2_000,
  loss: 0,
  duplication: 0,
  delay: 0,
  faults: [],
};

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

describe.each(['stable', 'on-demand'] as const)('leadership %s', (leadership) => {
  test.each(types)('the first twenty frames with a %s are lost: all is answered', (type) => {
    const tamper = first(20, type, 'lost');
    const { failure, answered } = simulate({ ...plan, leadership }, { tamper });
    expect({ failure, answered }).toEqual({ failure: undefined, answered: 20 });
  });

  test.each(types)('every frame with a %s comes twice: all is answered', (type) => {
    const tamper = first(Infinity, type, 'twice');
    const { failure, answered } = simulate({ ...plan, leadership }, { tamper });
    expect({ failure, answered }).toEqual({ failure: undefined, answered: 20 });
  });
});
