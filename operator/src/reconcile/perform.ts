import type { V1ConfigMap, V1StatefulSet } from '@kubernetes/client-node';
import { SynodError } from '../../../contract/src/synod-error.ts';
import { errors } from '../../../contract/src/error-codes.ts';
import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import type { MembershipAnswer } from '../../../contract/src/membership.ts';
import { MEMBER } from '../resources/annotations.ts';
import { firstConfigurationMap } from '../resources/first-configuration-map.ts';
import { ownerOf } from '../resources/labels.ts';
import type { Note } from '../observation/note.ts';
import type { Action } from '../verdict/action.ts';
import type { Observation } from '../observation/observation.ts';
import { desiredStatefulSet } from './pods.ts';
import type { Ports } from '../ports.ts';

/**
 * Does what a step wants. What has changed since the observation is not touched.
 * @returns why it was not done, when the members refused it
 */
export async function perform(
  ports: Ports,
  seen: Observation,
  action: Action,
): Promise<Note | undefined> {
  try {
    return await doIt(ports, seen, action);
  } catch (error) {
    if (!(error instanceof SynodError)) throw error;
    return { reason: camel(error.code), message: error.message };
  }
}

async function doIt(ports: Ports, seen: Observation, action: Action): Promise<Note | undefined> {
  const { objects, members } = ports;
  const { cluster } = seen;
  switch (action.type) {
    case 'scale': {
      const set: V1StatefulSet = desiredStatefulSet(seen, action.replicas);
      await objects.apply(set, ownerOf(cluster));
      return undefined;
    }
    case 'adopt':
      return writeDown(ports, seen, action.first);
    case 'begin': {
      const { window } = cluster.spec;
      return writeDown(ports, seen, {
        clusterId: ports.newClusterId(),
        members: action.members,
        window,
        ...(action.machine && { machine: action.machine }),
        ...(action.snapshot && { snapshot: action.snapshot }),
      });
    }
    case 'form':
      await Promise.all(
        action.members.map((member) => members.form(cluster, member, action.first)),
      );
      return undefined;
    case 'change':
      return refusalIn(await members.change(cluster, action.request));
    case 'transfer':
      await members.transfer(cluster, action.to);
      return undefined;
    case 'recover':
      await members.recover(cluster, action.member, action.request);
      return undefined;
    case 'set-aside':
      await Promise.all(
        action.members.map((member) => members.setAside(cluster, member, action.request)),
      );
      return undefined;
    case 'retire': {
      const { member, request, configuration } = action;
      const refusal = await unsettled(ports, seen, member, configuration);
      if (refusal === undefined) await members.setAside(cluster, member, request);
      return refusal;
    }
    case 'forget-first':
      await deleteMap(ports, action.map);
      return undefined;
    case 'forget-member':
      await patchVolume(ports, action, { metadata: { annotations: { [MEMBER]: null } } });
      return undefined;
    case 'record':
      await patchVolume(ports, action, { metadata: { annotations: { [MEMBER]: action.member } } });
      return undefined;
    case 'grow-volume':
      await patchVolume(ports, action, {
        spec: { resources: { requests: { storage: action.size } } },
      });
      return undefined;
    case 'remake':
      await removeStatefulSet(ports, seen);
      return undefined;
    case 'delete-volume':
      return deleteVolume(ports, seen, action);
    case 'delete-pod':
      await deletePod(ports, action);
      return undefined;
    default:
      return action satisfies never;
  }
}

/** Whoever creates it first decides; the next look tells what it says. */
async function writeDown(
  { objects }: Ports,
  { cluster }: Observation,
  first: FirstConfiguration,
): Promise<undefined> {
  await objects.create(firstConfigurationMap(cluster, first));
  return undefined;
}

async function deleteVolume(
  ports: Ports,
  seen: Observation,
  action: Extract<Action, { readonly type: 'delete-volume' }>,
): Promise<Note | undefined> {
  const { place, member, configuration } = action;
  const refusal = member && (await unsettled(ports, seen, member, configuration));
  if (refusal) return refusal;
  const { name = '', namespace = '', uid = '', resourceVersion } = place.volume?.metadata ?? {};
  await ports.objects.remove('PersistentVolumeClaim', namespace, name, uid, resourceVersion);
  if (action.withPod && place.pod !== undefined) await deletePod(ports, action);
  return undefined;
}

/** Asked again, a removal answers once it has settled: it may be somebody else's, or half done. */
async function unsettled(
  ports: Ports,
  { cluster }: Observation,
  member: string,
  configuration: number,
): Promise<Note | undefined> {
  if (configuration === 0) return undefined;
  const base = configuration - 1;
  const request = { step: 'remove', member, base, force: false } as const;
  return refusalIn(await ports.members.change(cluster, request));
}

async function deleteMap({ objects }: Ports, { metadata }: V1ConfigMap): Promise<void> {
  const { name = '', namespace = '', uid = '', resourceVersion } = metadata ?? {};
  await objects.remove('ConfigMap', namespace, name, uid, resourceVersion);
}

async function deletePod(
  { objects }: Ports,
  { place: { pod } }: Extract<Action, { readonly place: unknown }>,
): Promise<void> {
  const { name = '', namespace = '', uid = '' } = pod?.metadata ?? {};
  await objects.remove('Pod', namespace, name, uid);
}

/** Its pods and volumes stay, and are taken over by the next one: see `Objects.remove`. */
async function removeStatefulSet({ objects }: Ports, { statefulSet }: Observation): Promise<void> {
  const { name = '', namespace = '', uid = '', resourceVersion } = statefulSet?.metadata ?? {};
  await objects.remove('StatefulSet', namespace, name, uid, resourceVersion);
}

/** Volumes are the StatefulSet's, not ours: only a note is changed, and the size asked for. */
async function patchVolume(
  { objects }: Ports,
  { place: { volume } }: Extract<Action, { readonly place: unknown }>,
  patch: object,
): Promise<void> {
  const { name = '', namespace = '', uid = '', resourceVersion } = volume?.metadata ?? {};
  await objects.patch('PersistentVolumeClaim', namespace, name, patch, {
    uid,
    ...(resourceVersion !== undefined && { resourceVersion }),
  });
}

function refusalIn(answer: MembershipAnswer): Note | undefined {
  if (answer.ok) return undefined;
  return { reason: camel(answer.code), message: errors[answer.code] };
}

/** `NO_QUORUM` is `NoQuorum` in a condition. */
function camel(code: string): string {
  return code
    .toLowerCase()
    .replaceAll(/(^|_)([a-z])/g, (_, _before: string, letter: string) => letter.toUpperCase());
}
