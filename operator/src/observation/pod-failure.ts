import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import type { Note } from './note.ts';
import { ageMs, containerOf, isTerminating, restorerOf, type Place } from './observation.ts';

/** Why a container does not run, in Kubernetes' words, and in ours. */
const reasons: Readonly<Record<string, string>> = {
  ErrImagePull: 'ImageNotFound',
  ImagePullBackOff: 'ImageNotFound',
  InvalidImageName: 'ImageNotFound',
  ErrImageNeverPull: 'ImageNotFound',
  CrashLoopBackOff: 'Crashing',
  CreateContainerConfigError: 'PodConfiguration',
  CreateContainerError: 'PodConfiguration',
  RunContainerError: 'PodConfiguration',
};

/** A scheduler that finds a node finds it sooner. */
const SCHEDULED_MS = 15_000;

/**
 * Why a pod does not come to run.
 * @returns `undefined` when it runs, or may still come
 */
export function failureOf({ name, pod, warnings }: Place, now: number): Note | undefined {
  if (pod === undefined || isTerminating(pod)) return undefined;
  const restore = restoreFailure(pod);
  if (restore !== undefined) {
    return { reason: 'RestoreFailed', message: `${name} does not start: ${sentence(restore)}` };
  }
  const waiting = blockedContainer(pod)?.state?.waiting;
  const reason = reasons[waiting?.reason ?? ''];
  if (reason !== undefined) {
    return {
      reason,
      message: `${name} does not run: ${sentence(describe(pod, waiting?.message))}`,
    };
  }
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False' && ageMs(pod, now) > SCHEDULED_MS) {
    const message = scheduled.message ?? 'no node takes it';
    const isVolume = /persistentvolumeclaim|persistent volume|volume node affinity/i.test(message);
    return {
      reason: isVolume ? 'NoVolume' : 'Unschedulable',
      message: `${name} finds no ${isVolume ? 'volume' : 'node'}: ${sentence(message)}`,
    };
  }
  const mount = warnings.findLast(({ reason: why }) => why.startsWith('Failed'));
  return (
    mount && { reason: mount.reason, message: `${name} does not start: ${sentence(mount.message)}` }
  );
}

/** The one that the pod waits for. */
function blockedContainer(pod: V1Pod): V1ContainerStatus | undefined {
  const restorer = restorerOf(pod);
  return restorer?.state?.waiting === undefined ? containerOf(pod) : restorer;
}

/** Why the snapshot that it is to begin with cannot be restored, as the CLI said it. */
function restoreFailure(pod: V1Pod): string | undefined {
  const { state, lastState } = restorerOf(pod) ?? {};
  const ended = state?.terminated ?? lastState?.terminated;
  if (ended === undefined || ended.exitCode === 0) return undefined;
  const said = ended.message
    ?.trim()
    .split('\n')
    .at(-1)
    ?.replace(/^synod: /, '');
  return `the snapshot is not restored: ${said ?? `exit code ${ended.exitCode}; its log says why`}`;
}

/** Kubernetes ends some of its messages with a full stop, and others not. */
function sentence(message: string): string {
  return `${message.replace(/\.+$/, '')}.`;
}

function describe(pod: V1Pod, message: string | undefined): string {
  const { waiting } = blockedContainer(pod)?.state ?? {};
  const ended = containerOf(pod)?.lastState?.terminated;
  if (waiting?.reason === 'CrashLoopBackOff' && ended !== undefined) {
    return `its process ended with code ${ended.exitCode}; its log says why`;
  }
  const image = blockedContainer(pod)?.image ?? '';
  return message ?? `${waiting?.reason ?? ''} of image ${image}`;
}
