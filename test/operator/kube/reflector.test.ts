import { pino } from 'pino';
import { Client } from '../../../operator/src/kube/client.ts';
import { kinds } from '../../../operator/src/kube/kinds.ts';
import { Reflector, type Timing } from '../../../operator/src/kube/reflector.ts';
import { answer, bookmark, event, FaultServer, list, reset, watch } from './fault-server.ts';
import { until } from './until.ts';

const status = (code: number, reason: string) => ({
  kind: 'Status',
  code,
  reason,
  message: `It is ${reason}.`,
});
const ended = (response: { end(): void }): void => response.end();

let faults: FaultServer;
let stop: AbortController;
let running: Promise<void>;
let seen: string[];
let restarts: string[];

beforeEach(async () => {
  faults = await FaultServer.start();
  stop = new AbortController();
  running = Promise.resolve();
  seen = [];
  restarts = [];
});

afterEach(async () => {
  stop.abort();
  await running;
  await faults.stop();
});

function follow(timing: Partial<Timing> = {}, label?: string): void {
  const reflector = new Reflector({
    client: new Client(faults.kubeConfig),
    resource: kinds.Pod,
    namespace: 'prod',
    ...(label !== undefined && { label }),
    sink: {
      listed: (objects) => seen.push(`listed ${objects.map(({ name }) => name).join(' ')}`),
      changed: ({ name }) => seen.push(`changed ${name ?? ''}`),
      deleted: ({ name }) => seen.push(`deleted ${name ?? ''}`),
    },
    log: pino({ level: 'silent' }),
    onRestart: (_resource, reason) => restarts.push(reason),
    random: Math.random,
    timing: { leastPauseMs: 10, mostPauseMs: 50, ...timing },
  });
  running = reflector.run(stop.signal);
}

async function sees(...expected: readonly string[]): Promise<void> {
  await until(() => seen.length >= expected.length);
  expect(seen).toEqual(expected);
}

/** From which version each watch was begun. */
function versions(): (string | null)[] {
  return faults.asked
    .filter(({ searchParams }) => searchParams.has('watch'))
    .map(({ searchParams }) => searchParams.get('resourceVersion'));
}

test('lists, and watches from there', async () => {
  faults.play(
    list('10', 'a', 'b'),
    watch([event('ADDED', 'c', '11'), event('MODIFIED', 'a', '12'), event('DELETED', 'b', '13')]),
  );
  follow({}, 'paxos.synod.dev/cluster');
  await sees('listed a b', 'changed c', 'changed a', 'deleted b');
  const [listing, watching] = faults.asked;
  expect(listing?.pathname).toBe('/api/v1/namespaces/prod/pods');
  expect(listing?.searchParams.get('labelSelector')).toBe('paxos.synod.dev/cluster');
  expect(Object.fromEntries(watching?.searchParams ?? [])).toMatchObject({
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: '10',
    labelSelector: 'paxos.synod.dev/cluster',
  });
  const seconds = Number(watching?.searchParams.get('timeoutSeconds'));
  expect(seconds).toBeGreaterThanOrEqual(240);
  expect(seconds).toBeLessThanOrEqual(360);
});

test('a list in pages is one list', async () => {
  const page = { resourceVersion: '10', continue: 'more' };
  faults.play(
    answer(200, { metadata: page, items: [{ metadata: { name: 'a' } }] }),
    list('10', 'b'),
    watch([]),
  );
  follow();
  await sees('listed a b');
  expect(faults.asked[1]?.searchParams.get('continue')).toBe('more');
});

test('a watch that ends goes on where it was, bookmarks included', async () => {
  faults.play(
    list('10'),
    watch([event('ADDED', 'a', '11'), bookmark('20')], ended),
    watch([event('ADDED', 'b', '21')]),
  );
  follow();
  await sees('listed ', 'changed a', 'changed b');
  expect(versions()).toEqual(['10', '20']);
  expect(restarts).toEqual(['ended']);
});

test('410 at once, and 410 as an event: lists again', async () => {
  faults.play(
    list('10', 'a'),
    answer(410, status(410, 'Expired')),
    list('20', 'b'),
    watch([JSON.stringify({ type: 'ERROR', object: status(410, 'Gone') })]),
    list('30', 'c'),
    watch([]),
  );
  follow();
  await until(() => versions().length === 3);
  expect(seen).toEqual(['listed a', 'listed b', 'listed c']);
  expect(versions()).toEqual(['10', '20', '30']);
  expect(restarts).toEqual(['gone', 'gone']);
});

test('410 in the middle of a list: lists again', async () => {
  const page = { resourceVersion: '10', continue: 'more' };
  faults.play(
    answer(200, { metadata: page, items: [{ metadata: { name: 'a' } }] }),
    answer(410, status(410, 'Expired')),
    list('20', 'b'),
    watch([]),
  );
  follow();
  await sees('listed b');
});

test('a reset in the middle of a line loses nothing', async () => {
  const cut = event('ADDED', 'b', '12').slice(0, 20);
  faults.play(
    list('10'),
    (response) => {
      response.writeHead(200);
      response.write(`${event('ADDED', 'a', '11')}\n${cut}`, () => reset(response));
    },
    watch([event('ADDED', 'b', '12')]),
  );
  follow();
  await sees('listed ', 'changed a', 'changed b');
  expect(versions()).toEqual(['10', '11']);
  expect(restarts).toEqual(['unreachable']);
});

test('a line that comes in pieces, in the middle of a letter too', async () => {
  const line = Buffer.from(`${event('ADDED', 'ä', '11')}\n`);
  faults.play(list('10'), (response) => {
    response.writeHead(200);
    const middle = line.indexOf(Buffer.from('ä')) + 1;
    response.write(line.subarray(0, middle));
    setTimeout(() => response.write(line.subarray(middle)), 20);
  });
  follow();
  await sees('listed ', 'changed ä');
});

test.each([
  ['no JSON', '<html>502</html>'],
  ['no event', '[]'],
  ['no object', '{"type":"ADDED"}'],
  ['no version', '{"type":"ADDED","object":{"metadata":{"name":"x"}}}'],
  ['an unknown type', event('INVENTED', 'x', '12')],
])('a line that is %s begins the watch again', async (_what, line) => {
  faults.play(
    list('10'),
    watch([event('ADDED', 'a', '11'), line, event('ADDED', 'never', '99')]),
    watch([event('ADDED', 'b', '12')]),
  );
  follow();
  await sees('listed ', 'changed a', 'changed b');
  expect(versions()).toEqual(['10', '11']);
  expect(restarts).toEqual(['garbage']);
});

test('a watch that hangs is given up', async () => {
  faults.play(
    list('10'),
    watch([event('ADDED', 'a', '11')]),
    // Not even the head of an answer.
    () => undefined,
    watch([event('ADDED', 'b', '12')]),
  );
  follow({ idleMs: 100 });
  await sees('listed ', 'changed a', 'changed b');
  expect(versions()).toEqual(['10', '11', '11']);
  expect(restarts).toEqual(['unreachable', 'unreachable']);
});

test('events keep a watch from being given up', async () => {
  faults.play(list('10'), (response) => {
    response.writeHead(200);
    for (let n = 1; n <= 8; n += 1) {
      setTimeout(() => response.write(`${bookmark(String(10 + n))}\n`), n * 50);
    }
    setTimeout(() => response.write(`${event('ADDED', 'a', '20')}\n`), 450);
  });
  follow({ idleMs: 200 });
  await sees('listed ', 'changed a');
  expect(restarts).toEqual([]);
});

test('429 with Retry-After is waited for, by lists and by watches', async () => {
  const busy = answer(429, status(429, 'TooManyRequests'), { 'Retry-After': '1' });
  faults.play(busy, list('10', 'a'), busy, watch([event('ADDED', 'b', '11')]));
  follow();
  const begin = performance.now();
  await sees('listed a', 'changed b');
  expect(performance.now() - begin).toBeGreaterThan(1_900);
});

test('failures are not hurried: the pause grows, and ends with the first success', async () => {
  const down = answer(500, 'down');
  faults.play(...Array.from({ length: 6 }, () => down), list('10'), watch([]));
  follow({ leastPauseMs: 20, mostPauseMs: 200 });
  const begin = performance.now();
  await sees('listed ');
  // At least half of 20 + 40 + 80 + 160 + 200 + 200.
  expect(performance.now() - begin).toBeGreaterThan(340);
  expect(restarts).toHaveLength(6);
});

test('watches that end as soon as they are begun are not hurried either', async () => {
  faults.play(list('10'), ...Array.from({ length: 100 }, () => watch([], ended)));
  follow({ leastPauseMs: 50, mostPauseMs: 200 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(versions().length).toBeLessThan(10);
});

test('everything is listed again from time to time', async () => {
  faults.play(list('10', 'a'), watch([bookmark('11')], ended), list('20', 'b'), watch([]));
  follow({ relistMs: -1 });
  await sees('listed a', 'listed b');
});

test('stopped, it ends, whatever it waits for', async () => {
  faults.play(list('10'), watch([]));
  follow();
  await sees('listed ');
  await until(() => versions().length === 1);
  stop.abort();
  await running;
  expect(restarts).toEqual([]);
});
