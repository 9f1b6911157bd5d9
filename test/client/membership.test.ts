import { parseMembershipRequest } from '../../contract/src/membership.ts';
import { parseStatus, type MemberStatus } from '../../contract/src/status.ts';
import { subjectsOf } from '../../contract/src/subjects.ts';
import { Membership, type MembershipRequests } from '../../client/src/membership.ts';

const first = { clusterId: 'c', members: ['a'], window: 8 };

/** A cluster that does what it is asked for at once; x is blank, and told nothing. */
class Cluster implements MembershipRequests {
  readonly subjects = subjectsOf('local', 'c');
  readonly deadlineMs = 2_000;
  readonly asked: string[] = [];
  #number = 0;
  #voters: readonly string[];
  #learners: readonly string[] = [];

  constructor(voters: readonly string[]) {
    this.#voters = voters;
  }

  async status(): Promise<MemberStatus[]> {
    const lists = {
      configuration: this.#number,
      voters: this.#voters,
      learners: this.#learners,
    };
    const said = { slotOut: 7, alarms: [] };
    const isUntold = !this.asked.includes('form x');
    const x = isUntold
      ? { role: 'unformed', configuration: 0, voters: [], learners: [], firstConfiguration: null }
      : { role: 'outsider', ...lists, firstConfiguration: first };
    const leader = { role: 'leader', ballot: '1.a', ...lists, firstConfiguration: first };
    const texts = [
      { name: 'n0', member: 'a', ...said, ...leader },
      { name: 'n9', member: 'x', ...said, ...x },
    ].map((status) => JSON.stringify(status));
    return Promise.resolve(texts.flatMap((text) => parseStatus(text) ?? []));
  }

  async form(member: string): Promise<void> {
    this.asked.push(`form ${member}`);
    return Promise.resolve();
  }

  transfer(): Promise<string> {
    throw new Error('nobody asks for it');
  }

  async ask(_: string, text: string): Promise<string> {
    const request = parseMembershipRequest(text);
    if (request?.base !== this.#number) throw new Error(text);
    const { step, member } = request;
    this.asked.push(`${step} ${member}`);
    const without = (ids: readonly string[]) => ids.filter((id) => id !== member);
    const [voters, learners] = [without(this.#voters), without(this.#learners)];
    this.#voters = step === 'promote' ? [...voters, member] : voters;
    this.#learners = step === 'add' ? [...learners, member] : learners;
    this.#number += 1;
    const lists = { number: this.#number, voters: this.#voters, learners: this.#learners };
    return Promise.resolve(JSON.stringify({ ok: true, configuration: lists }));
  }
}

test('a blank member is told its cluster before it is added, and no other one is', async () => {
  const cluster = new Cluster(['a', 'b', 'd']);
  const membership = new Membership(cluster);
  const added = await membership.change({ step: 'add', member: 'x', force: false });
  expect(added).toEqual({ number: 1, voters: ['a', 'b', 'd'], learners: ['x'] });
  await membership.change({ step: 'add', member: 'x', force: false });
  expect(cluster.asked).toEqual(['form x', 'add x', 'add x']);
});

test('nobody is added who does not answer, unless it is a member already', async () => {
  const cluster = new Cluster(['a', 'silent']);
  const membership = new Membership(cluster);
  const nobody = membership.change({ step: 'add', member: 'nobody', force: false });
  await expect(nobody).rejects.toMatchObject({ code: 'NO_MEMBER' });
  await expect(membership.replace('a', 'nobody')).rejects.toMatchObject({ code: 'NO_MEMBER' });
  expect(cluster.asked).toEqual([]);
  await membership.change({ step: 'add', member: 'silent', force: false });
  expect(cluster.asked).toEqual(['add silent']); // The cluster says that it is one.
});

test.each([
  [3, ['form x', 'add x', 'promote x', 'remove b']],
  [7, ['form x', 'add x', 'remove b', 'promote x']],
])('of %d voters one is replaced: there are never more than seven', async (count, asked) => {
  const voters = ['a', 'b', 'd', 'e', 'f', 'g', 'h'].slice(0, count);
  const cluster = new Cluster(voters);
  const lists = await new Membership(cluster).replace('b', 'x');
  const rest = voters.filter((voter) => voter !== 'b');
  expect(lists).toEqual({ number: 3, voters: [...rest, 'x'], learners: [] });
  expect(cluster.asked).toEqual(asked);
});
