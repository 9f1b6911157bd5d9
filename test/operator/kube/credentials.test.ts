import { KubeConfig } from '@kubernetes/client-node';
import { Credentials } from '../../../operator/src/kube/credentials.ts';

class CountedConfig extends KubeConfig {
  reads = 0;

  override applyToHTTPSOptions(): Promise<void> {
    this.reads += 1;
    return Promise.resolve();
  }
}

test('requests at one time read the credentials once, also after they were refused', async () => {
  const config = new CountedConfig();
  const credentials = new Credentials(config, new URL('https://127.0.0.1'));
  const five = () => Promise.all(Array.from({ length: 5 }, () => credentials.current()));
  await five();
  await five();
  expect(config.reads).toBe(1);
  credentials.forget();
  await five();
  expect(config.reads).toBe(2);
});
