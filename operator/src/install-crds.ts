import { ApiextensionsV1Api, KubeConfig } from '@kubernetes/client-node';
import { customResourceDefinition } from './api/crd.ts';
import { installDefinition } from './install/definition.ts';

/* Run by a hook of the chart: Helm installs definitions and never changes them. */

const config = new KubeConfig();
config.loadFromDefault();
const api = config.makeApiClient(ApiextensionsV1Api);
const definition = customResourceDefinition();
const done = await installDefinition(api, definition);
const name = definition.metadata?.name ?? '';
process.stdout.write(
  done === 'applied' ? `${name} is applied\n` : `${name} is newer in the cluster, and stays\n`,
);
