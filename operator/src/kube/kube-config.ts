import { existsSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';

/** The kubeconfig cannot be used; the message is a sentence. */
export class KubeConfigError extends Error {
  override readonly name = 'KubeConfigError';
}

/**
 * Reads a kubeconfig, or what Kubernetes mounts into pods.
 * @throws KubeConfigError
 */
export function loadKubeConfig(file: string | undefined, context: string | undefined): KubeConfig {
  const config = new KubeConfig();
  if (file !== undefined && !existsSync(file)) {
    throw new KubeConfigError(`There is no kubeconfig ${file}.`);
  }
  try {
    if (file === undefined) config.loadFromDefault();
    else config.loadFromFile(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new KubeConfigError(`The kubeconfig cannot be read: ${why}`, { cause: error });
  }
  if (context !== undefined) config.setCurrentContext(context);
  if (config.getCurrentCluster() !== null) return config;
  const names = config.getContexts().map(({ name }) => name);
  throw new KubeConfigError(
    `The kubeconfig has no context ${JSON.stringify(config.getCurrentContext())} with a cluster; ` +
      `it has ${names.length === 0 ? 'none' : names.join(', ')}.`,
  );
}
