import { ApiextensionsV1Api, KubeConfig } from '@kubernetes/client-node';
import { customResourceDefinition } from './api/crd.ts';
import { installDefinition } from './install/definition.ts';
import { run } from './install/run.ts';

/* Run by a hook of the chart: Helm installs definitions and never changes them. */

await run(async () => {
  const config = new KubeConfig();
  config.loadFromDefault();
  const definition = customResourceDefinition();
  const done = await installDefinition(config.makeApiClient(ApiextensionsV1Api), definition);
  const name = definition.metadata?.name ?? '';
  process.stdout.write(
    done === 'applied' ? `${name} is applied\n` : `${name} is newer in the cluster, and stays\n`,
  );
});
