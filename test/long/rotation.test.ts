import { setTimeout as sleep } from 'node:timers/promises';
import type { SynodClient } from '../../client/src/client.ts';
import { SecureCluster, userOf } from '../journeys/secure-cluster.ts';
import { until } from '../journeys/test-cluster.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';

const ROUNDS = Number(process.env['SYNOD_ROUNDS'] ?? '10');
const WRITERS = 16;
const MEMBERS = ['n0', 'n1', 'n2'];

let secure: SecureCluster;
beforeEach(async () => {
  secure = await SecureCluster.prepare();
});
afterEach(() => secure.remove(), 20_000);

/** Appends texts of its own, one after the other. @returns those that were acknowledged */
async function write(client: SynodClient, writer: number, isOver: () => boolean) {
  const written: string[] = [];
  while (!isOver()) {
    const text = `writer ${writer}, text ${written.length}`;
    await client.machine(chatLog).append(text);
    written.push(text);
  }
  return written;
}

async function allTexts(client: SynodClient): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const page = await client.machine(chatLog).read({ from: texts.length });
    texts.push(...page.texts);
    if (texts.length >= page.total) return texts;
  }
}

const connects = (member: string): number =>
  secure.folder.log(member).filter(({ msg }) => msg === 'nats connected').length;

test(`users of members and writers replaced ${ROUNDS} times under load: no write fails, none is lost or doubled`, async () => {
  const users = (round: number) => [
    userOf('member', `member-${round}`),
    userOf('writer', `writer-${round}`),
  ];
  const operator = userOf('operator');
  const take = (round: number): string[] => [
    secure.credentials('members', `member-${round}`),
    secure.credentials('writers', `writer-${round}`),
  ];
  const [member = '', writer = ''] = take(0);
  secure.allow([operator, ...users(0)]);
  await secure.nats.start();
  const nodes = MEMBERS.map((name) => secure.startMember(name, member));
  await secure.form(await Promise.all(nodes.map((node) => node.ready)));
  const client = await secure.client('writer', { natsCredentialsDir: writer });
  let isOver = false;
  const writing = Promise.all(
    Array.from({ length: WRITERS }, (_, i) => write(client, i, () => isOver)),
  );
  const rotating = (async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      secure.allow([operator, ...users(round - 1), ...users(round)]);
      secure.nats.reload();
      take(round);
      await sleep(200 + Math.random() * 300);
      // The old users go, and whoever is connected by them is cut off.
      secure.allow([operator, ...users(round)]);
      secure.nats.reload();
      await until(`everybody is back in round ${round}`, () =>
        MEMBERS.every((name) => connects(name) === round + 1) ? true : undefined,
      );
      await sleep(300);
    }
  })().finally(() => (isOver = true));
  const [written] = await Promise.all([writing, rotating]);

  const acknowledged = written.flat();
  expect(acknowledged.length).toBeGreaterThan(ROUNDS * WRITERS);
  const texts = await allTexts(client);
  expect(new Set(texts).size).toBe(texts.length);
  expect(texts.toSorted()).toEqual(acknowledged.toSorted());
}, 120_000);
