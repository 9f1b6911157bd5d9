/** How the objects of a cluster are called. */
export const namesOf = (cluster: string) => ({
  statefulSet: cluster,
  service: `${cluster}-members`,
  serviceAccount: `${cluster}-member`,
  disruptionBudget: cluster,
  networkPolicy: cluster,
  firstConfiguration: `${cluster}-first-configuration`,
  pod: (ordinal: number) => `${cluster}-${ordinal}`,
  volume: (ordinal: number) => `${VOLUME}-${cluster}-${ordinal}`,
});

/** The name of the volume in the pod, and of its claim before the pod's name. */
export const VOLUME = 'data';
export const CONTAINER = 'member';
/** The container that runs before it, in a cluster that is to begin with a snapshot. */
export const RESTORER = 'restore';
export const HTTP_PORT = 8080;

/** @returns the ordinal of a pod or a claim; `undefined` when it is none of that cluster */
export function ordinalOf(cluster: string, name: string | undefined): number | undefined {
  const prefix = [`${VOLUME}-${cluster}-`, `${cluster}-`].find((each) => name?.startsWith(each));
  const digits = prefix === undefined ? '' : (name ?? '').slice(prefix.length);
  return /^(0|[1-9][0-9]{0,3})$/.test(digits) ? Number(digits) : undefined;
}
