import { permissionsOf } from '../../contract/src/permissions.ts';
import { clientRoles } from '../../contract/src/roles.ts';

const permissions = permissionsOf('shop', 'orders');
const own = /^(_INBOX\.)?synod\.shop\.orders\./;

test.each(Object.entries(permissions))('%s: nothing outside its cluster', (_, may) => {
  for (const subject of [...may.publish.allow, ...may.subscribe.allow]) {
    expect(subject).toMatch(own);
  }
});

test('who may write, read and administer', () => {
  const may = (subject: string): string[] =>
    clientRoles.filter((role) => permissions[role].publish.allow.includes(subject));
  expect(may('synod.shop.orders.request')).toEqual(['administrator', 'writer']);
  expect(may('synod.shop.orders.read')).toEqual(['administrator', 'writer', 'reader']);
  expect(may('synod.shop.orders.admin.status')).toEqual([...clientRoles]);
  for (const command of ['transfer', 'membership', 'form.*', 'recover.*', 'set-aside.*']) {
    expect(may(`synod.shop.orders.admin.${command}`)).toEqual(['operator', 'administrator']);
  }
  // It reads everything, and the operator reads nothing.
  expect(may('synod.shop.orders.admin.snapshot.*')).toEqual(['administrator']);
});

test('a client speaks to no member by itself, and hears answers to its role only', () => {
  for (const role of clientRoles) {
    const { publish, subscribe } = permissions[role];
    expect(publish.allow.filter((subject) => /\.members?\b/.test(subject))).toEqual([]);
    // Only the operator is also a witness.
    const more = role === 'operator' ? ['synod.shop.orders.witness'] : [];
    expect(subscribe.allow).toEqual([`_INBOX.synod.shop.orders.${role}.>`, ...more]);
  }
});

test('members speak to one another, and answer every role; they ask for nothing', () => {
  const { publish } = permissions.member;
  const answers = clientRoles.map((role) => `_INBOX.synod.shop.orders.${role}.>`);
  const protocol = ['synod.shop.orders.member.*', 'synod.shop.orders.members'];
  expect(publish.allow).toEqual([...protocol, 'synod.shop.orders.witness', ...answers]);
});

test.each(['*', '>', 'a.b', '', 'a b'])('%j names no single cluster', (name) => {
  expect(() => permissionsOf('shop', name)).toThrow(RangeError);
  expect(() => permissionsOf(name, 'orders')).toThrow(RangeError);
});
