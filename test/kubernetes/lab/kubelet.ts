import { DNS_ADDRESS } from './addresses.ts';

interface KubeletOptions {
  readonly address: string;
  readonly cgroupRoot: string;
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** The configuration of a worker's kubelet: an object of Kubernetes. */
export function kubeletConfiguration(options: KubeletOptions): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: options.address,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: false },
      x509: { clientCAFile: options.authority },
    },
    authorization: { mode: 'AlwaysAllow' },
    tlsCertFile: options.certificate,
    tlsPrivateKeyFile: options.key,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: options.cgroupRoot,
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    clusterDomain: 'cluster.local',
    clusterDNS: [DNS_ADDRESS],
    // The machines have no name servers of their own.
    resolvConf: '',
    failSwapOn: false,
    // The disk is the host's, and may be as full as it likes.
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
      'nodefs.inodesFree': '0%',
      'imagefs.inodesFree': '0%',
    },
    // No image can be had a second time.
    imageGCHighThresholdPercent: 100,
    // A journey that kills a process twenty times does not wait five minutes for each of them.
    featureGates: { KubeletCrashLoopBackOffMax: true },
    crashLoopBackOff: { maxContainerRestartPeriod: '4s' },
    syncFrequency: '5s',
    nodeStatusUpdateFrequency: '4s',
    nodeLeaseDurationSeconds: 16,
  };
}
