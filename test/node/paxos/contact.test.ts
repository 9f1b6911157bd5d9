import { Contact } from '../../../node/src/paxos/contact.ts';
import { ballot, configurations } from './samples.ts';

const alive = (slotOut: number) =>
  ({ type: 'alive', ballot: ballot('1.a'), slotOut, flushed: 0 }) as const;
const voters = ['a', 'b', 'c'];

test('who was greeted counts for a leader that has just begun, and is not known to be reachable', () => {
  const contact = new Contact('a', 5);
  contact.greet(voters);
  expect(contact.hasQuorum(voters)).toBe(true);
  expect(contact.hasHeardQuorum(voters)).toBe(false);
  contact.heard('b', alive(3));
  expect(contact.hasHeardQuorum(voters)).toBe(true);
});

test('after a span of silence nobody counts any more', () => {
  const contact = new Contact('a', 5);
  contact.heard('b', alive(3));
  for (let tick = 0; tick < 6; tick++) contact.tick();
  expect(contact.hasQuorum(voters)).toBe(false);
  expect(contact.nearest(configurations.newest)).toBeUndefined();
  expect(contact.hasQuorum(['a'])).toBe(true);
});
