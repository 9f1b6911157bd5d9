import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { createCredentials, parseCredentials } from './install/credentials.ts';
import { run } from './install/run.ts';

/*
 * Run by a hook of the chart, with an argument `secret=username` for each user of NATS: passwords
 * are drawn here, once, because nothing random may stand in a template.
 */

await run(async () => {
  const config = new KubeConfig();
  config.loadFromDefault();
  const api = config.makeApiClient(CoreV1Api);
  const namespace = process.env['SYNOD_NAMESPACE'] ?? 'default';
  const release = process.env['SYNOD_RELEASE'] ?? 'synod';
  for (const each of process.argv.slice(2).map(parseCredentials)) {
    const done = await createCredentials(api, { namespace, release }, each);
    process.stdout.write(`Secret ${each.secret} ${done === 'created' ? 'is created' : 'exists'}\n`);
  }
});
