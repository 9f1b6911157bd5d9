import {
  ApiextensionsV1Api,
  PatchStrategy,
  setHeaderOptions,
  type V1CustomResourceDefinition,
} from '@kubernetes/client-node';
import { REVISION_ANNOTATION } from '../../../operator/src/api/crd.ts';
import { installDefinition } from '../../../operator/src/install/definition.ts';
import { sharedKubeConfig } from '../api-server.ts';

/** Of a kind that nobody else has. */
function definition(revision: number): V1CustomResourceDefinition {
  const schema = { type: 'object', description: `As of revision ${revision}.` };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: 'things.test.synod.dev',
      annotations: { [REVISION_ANNOTATION]: String(revision) },
    },
    spec: {
      group: 'test.synod.dev',
      names: { kind: 'Thing', plural: 'things' },
      scope: 'Namespaced',
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
}

test('newer definitions are applied, and are in the way of no later install by Helm 4', async () => {
  const api = sharedKubeConfig().makeApiClient(ApiextensionsV1Api);
  /** As `helm install` does with what is in crds/. */
  const helmInstalls = (revision: number) =>
    api.patchCustomResourceDefinition(
      { name: 'things.test.synod.dev', body: definition(revision), fieldManager: 'helm' },
      setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
    );
  await helmInstalls(1);
  expect(await installDefinition(api, definition(2))).toBe('applied');
  await helmInstalls(3);
  expect(await installDefinition(api, definition(2))).toBe('newer');
});
