import fc from 'fast-check';
import { bytesOf } from '../../../operator/src/api/quantity.ts';
import { World } from './model/world.ts';

/*
 * Whatever happens to pods, volumes, nodes and specs, and wherever operators crash or two of them
 * work at once: no action of an operator costs voters the majority of their volumes, deletes the
 * volume of a member, takes a quorum down, or makes a second cluster. And when fate has left a
 * majority of the volumes at all times, the cluster is whole again in the end.
 */

type Event = (world: World) => void | Promise<void>;

const RIGHT = 'nats://n:4222';
const WRONG = 'nats://bad:4222';

const ordinal = fc.nat({ max: 6 });
const size = fc.constantFrom(1, 3, 5, 7);

const event: fc.Arbitrary<readonly [string, Event]> = fc.oneof(
  size.map((replicas) => say(`scale to ${replicas}`, (world) => world.edit({ replicas }))),
  fc
    .constantFrom('v1', 'v2', 'v3', 'bad', 'unready')
    .map((image) => say(`image ${image}`, (world) => world.edit({ image }))),
  fc.boolean().map((keeps) =>
    say(`more storage, ${keeps ? 'kept' : 'not kept'}`, (world) => {
      const { size } = world.cluster.spec.storage;
      world.resize(`${Number.parseInt(size, 10) + 1}Gi`, keeps ? 'Retain' : 'Delete');
    }),
  ),
  fc
    .tuple(ordinal, fc.constantFrom('v2', 'v3'))
    .map(([index, image]) =>
      say(`node ${index} lacks ${image}`, (world) =>
        world.kubernetes.missing.add(`${node(world, index)} ${image}`),
      ),
    ),
  ordinal.map((pod) => say(`delete pod ${pod}`, (world) => world.deletePod(pod))),
  ordinal.map((pod) => say(`process ${pod} hangs`, (world) => world.hang(pod))),
  ordinal.map((pod) => say(`delete claim ${pod}`, (world) => world.deleteClaim(pod))),
  ordinal.map((pod) => say(`wipe ${pod}`, (world) => world.wipe(pod))),
  ordinal.map((pod) => say(`damage ${pod}`, (world) => world.damage(pod))),
  fc
    .tuple(ordinal, fc.boolean())
    .map(([pod, stalls]) =>
      say(`disk ${pod} ${stalls ? 'stalls' : 'is well'}`, (world) => world.stall(pod, stalls)),
    ),
  ordinal.map((index) => say(`lose node ${index}`, (world) => world.loseNode(node(world, index)))),
  ordinal.map((index) =>
    say(`node ${index} is away`, (world) => world.kubernetes.nodes.set(node(world, index), false)),
  ),
  fc.constant(say('all nodes are back', wakeNodes)),
  fc.constant(say('people say what is lost', (world) => world.declareLost())),
  fc.boolean().map((down) =>
    say(`the leader ${down ? 'steps down' : 'leads'}`, (world) => {
      world.hasSteppedDown = down;
    }),
  ),
  fc
    .boolean()
    .map((up) => say(`NATS ${up ? 'is back' : 'is away'}`, (world) => (world.natsUp = up))),
  fc
    .boolean()
    .map((cutOff) =>
      say(`the operator ${cutOff ? 'loses' : 'has'} NATS`, (world) => (world.isCutOff = cutOff)),
    ),
  fc
    .tuple(ordinal, fc.boolean())
    .map(([pod, isCutOff]) =>
      say(`pod ${pod} ${isCutOff ? 'loses' : 'has'} NATS`, ({ cutOff }) =>
        isCutOff ? cutOff.add(`c-${pod}`) : cutOff.delete(`c-${pod}`),
      ),
    ),
  fc
    .boolean()
    .map((isRight) =>
      say(`the URL of NATS is ${isRight ? 'right' : 'wrong'}`, (world) =>
        world.edit({ nats: { url: isRight ? RIGHT : WRONG } }),
      ),
    ),
  fc.boolean().map((slow) =>
    say(`pods start ${slow ? 'slowly' : 'at once'}`, ({ kubernetes }) => {
      kubernetes.isSlow = slow;
    }),
  ),
  fc.boolean().map((slow) =>
    say(`changes take ${slow ? 'longer' : 'no time'}`, (world) => {
      if (world.paxos !== undefined) world.paxos.isSlow = slow;
    }),
  ),
  size.map((replicas) =>
    say(`made again with ${replicas}`, (world) => {
      world.deleteCluster();
      world.createCluster({ replicas });
    }),
  ),
  fc.nat({ max: 8 }).map((changes) =>
    say(`the operator crashes after ${changes} changes`, async (world) => {
      world.settle();
      world.patience = changes;
      await world.reconcile();
    }),
  ),
  fc.constant(
    say('two operators', async (world) => {
      for (let round = 0; round < 4; round += 1) {
        world.settle();
        await world.reconcileTwice();
      }
    }),
  ),
  fc.nat({ max: 12 }).map((count) => say(`${count} rounds`, (world) => world.rounds(count))),
);

function say(what: string, does: (world: World) => unknown): readonly [string, Event] {
  const event: Event = async (world) => {
    await does(world);
  };
  return [what, Object.assign(event, { toString: () => what })];
}

function numberOf(variable: string, unless: number): number {
  return Number(process.env[variable] ?? unless);
}

function node(world: World, index: number): string {
  const names = [...world.kubernetes.nodes.keys()];
  return names[index % names.length] ?? '';
}

function wakeNodes({ kubernetes }: World): void {
  for (const name of kubernetes.nodes.keys()) kubernetes.nodes.set(name, true);
}

/** As the spec asks for, and nothing is left over. */
function isWhole(world: World): boolean {
  const { spec, status } = world.cluster;
  const claims = world.objects.all('PersistentVolumeClaim').length;
  const counts = [status?.voters, status?.readyMembers, status?.replicas, claims];
  const claimed = world.statefulSet?.spec?.volumeClaimTemplates ?? [];
  const sizes = [...world.objects.all('PersistentVolumeClaim'), ...claimed].map(
    ({ spec: its }) => its?.resources?.requests?.['storage'],
  );
  // A cluster that is made again may ask for less than its volumes have.
  if (sizes.some((each) => bytesOf(each) < bytesOf(spec.storage.size))) return false;
  return status?.phase === 'Running' && counts.every((count) => count === spec.replicas);
}

/** Everything is well again but for what is lost, and people say what that is. */
async function recover(world: World): Promise<void> {
  world.natsUp = true;
  world.isCutOff = false;
  world.hasSteppedDown = false;
  world.kubernetes.isSlow = false;
  wakeNodes(world);
  world.cutOff.clear();
  world.edit({ image: 'v1', nats: { url: RIGHT } });
  for (let round = 0; round < 200; round += 1) {
    // One that is only on its way out is no end.
    if (isWhole(world) && round > 5) return;
    await world.rounds(1);
    if (round % 40 !== 39) continue;
    world.finishDeletions();
    world.restartHung();
    world.settle();
    world.declareLost();
    world.forgetLost();
  }
}

test('whatever happens, the operator costs nobody a quorum, and makes the cluster whole again', async () => {
  await fc.assert(
    fc.asyncProperty(
      size,
      fc.array(event, { minLength: 1, maxLength: 14 }),
      async (replicas, events) => {
        const world = new World();
        world.createCluster({ replicas });
        for (const [, happen] of events) {
          await happen(world);
          await world.rounds(2);
        }
        await recover(world);
        expect(world.violations).toEqual([]);
        if (world.isBeyondHelp) return;
        expect([isWhole(world), world.cluster.status]).toEqual([true, expect.anything()]);
      },
    ),
    { numRuns: numberOf('RUNS', 100), seed: numberOf('SEED', 1) },
  );
}, 300_000);
