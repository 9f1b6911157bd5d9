import { until } from '../../cli/src/bench/until.ts';
import type { SynodClient } from '../../client/src/client.ts';

const CALM_DEADLINE_MS = 30_000;

/** Waits until every member has applied the same slots. */
export async function calm(client: SynodClient, members: number): Promise<void> {
  let found: readonly unknown[] = [];
  const seen = (): string => `calm, of ${JSON.stringify(found)}`;
  await until(seen, CALM_DEADLINE_MS, async () => {
    const statuses = await client.admin.status({ waitMs: 500, expect: members });
    found = statuses;
    const slots = new Set(statuses.map(({ slotOut }) => slotOut));
    return (statuses.length === members && slots.size === 1) || undefined;
  });
}
