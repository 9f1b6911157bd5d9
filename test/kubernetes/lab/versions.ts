import { NATS_SERVER_VERSION } from '../../../cli/src/local/nats-server.ts';

/** The version of everything that the lab builds, and of the Node.js in its images. */
export const versions = {
  kubernetes: '1.34.4',
  etcd: '3.7.3',
  coredns: '1.12.4',
  helm: '4.3.1',
  node: '26.10.0',
  nats: NATS_SERVER_VERSION,
} as const;
