import {
  ApiException,
  PatchStrategy,
  setHeaderOptions,
  type ApiextensionsV1Api,
  type V1CustomResourceDefinition,
} from '@kubernetes/client-node';
import { REVISION_ANNOTATION } from '../api/crd.ts';

/** Helm 4 applies what is in crds/ under this name: another one would be in the way of its next. */
const FIELD_MANAGER = 'helm';

export type Installed = 'applied' | 'newer';

/**
 * Applies a definition, unless the API server has a newer one: another release of a newer version
 * put it there, and fields that ours does not know would be lost from its clusters.
 */
export async function installDefinition(
  api: ApiextensionsV1Api,
  definition: V1CustomResourceDefinition,
): Promise<Installed> {
  const name = definition.metadata?.name ?? '';
  const live = await read(api, name);
  if (live !== undefined && revisionOf(live) > revisionOf(definition)) return 'newer';
  await api.patchCustomResourceDefinition(
    { name, body: definition, fieldManager: FIELD_MANAGER, force: true },
    setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
  );
  return 'applied';
}

async function read(
  api: ApiextensionsV1Api,
  name: string,
): Promise<V1CustomResourceDefinition | undefined> {
  try {
    return await api.readCustomResourceDefinition({ name });
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined;
    throw error;
  }
}

function revisionOf({ metadata }: V1CustomResourceDefinition): number {
  return Number(metadata?.annotations?.[REVISION_ANNOTATION] ?? 0);
}
