import { crc32 } from 'node:zlib';
import { isObject, parseObject } from './json-object.ts';
import { isMachineVersion, type MachineVersion } from './machine-version.ts';
import { isSnapshotName, type SnapshotName } from './snapshot.ts';
import { subjectToken } from './subjects.ts';

/**
 * What a cluster begins with. It is created once, in one place, before any member is told, and
 * never updated; a member stores exactly one, for ever.
 */
export interface FirstConfiguration {
  /** Tells the cluster from every other one, also from one with the same name. */
  readonly clusterId: string;
  /** Ids of the first voters, as formatted members reported them. */
  readonly members: readonly string[];
  /** WINDOW: slots in flight. */
  readonly window: number;
  /** What it begins with; upgrades are in the log. Not said by what an older Synod began. */
  readonly machine?: MachineVersion;
  /** Of a cluster that was restored: what each of its first voters holds, and nothing else. */
  readonly snapshot?: SnapshotName;
}

export const DEFAULT_WINDOW = 1024;
export const MAX_WINDOW = 65_536;
export const MAX_VOTERS = 7;

/** Long enough for a derived one: a namespace, a hyphen, and the name of a cluster. */
const clusterIdPattern = /^[A-Za-z0-9_-]{1,129}$/;

/**
 * As JSON with a checksum: the same text in the place where it is created, in the request that
 * tells a member, and in the member's data folder. A flipped bit would change who votes.
 */
export function encodeFirstConfiguration(first: FirstConfiguration): string {
  return `${JSON.stringify({ ...fields(first), crc32: checksum(first) }, undefined, 2)}\n`;
}

/** Parses one from outside. @returns `undefined` when it is none, or was changed */
export function parseFirstConfiguration(text: string): FirstConfiguration | undefined {
  const parsed: unknown = parseObject(text);
  if (!isFirstConfiguration(parsed) || !('crc32' in parsed)) return undefined;
  return parsed.crc32 === checksum(parsed) ? fields(parsed) : undefined;
}

/** Whether it names a cluster, its voters and a WINDOW, each as it may be. */
export function isFirstConfiguration(value: unknown): value is FirstConfiguration {
  if (!isObject(value)) return false;
  const { clusterId, members, window, machine, snapshot } = value;
  return (
    isClusterId(clusterId) &&
    Array.isArray(members) &&
    areVoters(members) &&
    typeof window === 'number' &&
    Number.isInteger(window) &&
    window >= 1 &&
    window <= MAX_WINDOW &&
    (machine === undefined || isMachineVersion(machine)) &&
    (snapshot === undefined || isSnapshotName(snapshot))
  );
}

/** Whether it may be the id of a cluster. */
export function isClusterId(value: unknown): value is string {
  return typeof value === 'string' && clusterIdPattern.test(value);
}

function areVoters(ids: readonly unknown[]): boolean {
  const isId = (id: unknown): boolean => typeof id === 'string' && subjectToken.test(id);
  const differ = new Set(ids).size === ids.length;
  return ids.length >= 1 && ids.length <= MAX_VOTERS && differ && ids.every(isId);
}

/** Whether both say the same. The order of members means nothing. */
export function isSameFirstConfiguration(a: FirstConfiguration, b: FirstConfiguration): boolean {
  const text = (first: FirstConfiguration): string =>
    JSON.stringify(fields({ ...first, members: first.members.toSorted() }));
  return text(a) === text(b);
}

/** Nothing else, and always in this order. */
function fields(first: FirstConfiguration): FirstConfiguration {
  const { clusterId, members, window, machine, snapshot } = first;
  return {
    clusterId,
    members,
    window,
    ...(machine && { machine: { name: machine.name, version: machine.version } }),
    ...(snapshot && { snapshot: { slot: snapshot.slot, hash: snapshot.hash } }),
  };
}

function checksum(first: FirstConfiguration): string {
  return crc32(JSON.stringify(fields(first)))
    .toString(16)
    .padStart(8, '0');
}
