/** The import rules of ARCHITECTURE.md: one way, and the core imports nothing. */
const only = (name, from, to) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { pathNot: to, dependencyTypesNot: ['core', 'npm', 'npm-dev'] },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'paxos-imports-nothing',
      severity: 'error',
      from: { path: '^node/src/paxos/' },
      to: { pathNot: '^node/src/paxos/' },
    },
    {
      name: 'roles-do-not-import-one-another',
      severity: 'error',
      from: { path: '^node/src/paxos/(replica|acceptor|scout|commander)\\.ts$' },
      to: { path: '^node/src/paxos/(replica|leader|acceptor|scout|commander|member)\\.ts$' },
    },
    {
      name: 'the-leader-imports-its-children-only',
      severity: 'error',
      from: { path: '^node/src/paxos/leader\\.ts$' },
      to: { path: '^node/src/paxos/(replica|acceptor|member)\\.ts$' },
    },
    only('contract-stands-alone', '^contract/', '^contract/'),
    only('host-stands-alone', '^host/', '^host/'),
    only('machines-know-the-contract', '^machines/', '^(machines|contract)/'),
    only(
      'no-machine-knows-another',
      '^machines/src/([^/]+)/',
      '^(contract|machines/src/(port|$1))/',
    ),
    only(
      'what-members-run-is-without-the-rest-of-its-folder',
      '^machines/src/[^/]+/machine\\.ts$',
      '^(contract/|machines/src/port/|machines/src/[^/]+/operations\\.ts$)',
    ),
    only(
      'what-applications-call-is-without-the-machine',
      '^machines/src/[^/]+/(calls|operations)\\.ts$',
      '^(contract/|machines/src/port/|machines/src/[^/]+/operations\\.ts$)',
    ),
    only('link-knows-the-contract', '^link/', '^(link|contract)/'),
    {
      name: 'each-package-depends-on-what-it-imports',
      severity: 'error',
      from: { path: '^(contract|machines|link|host|node|client|cli|operator)/src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    },
    only(
      'the-applier-knows-the-port-only',
      '^node/src/machine/',
      '^(contract|machines/src/port|node/src/machine)/',
    ),
    only(
      'storage-knows-the-core-and-machine',
      '^node/src/storage/',
      '^(contract|machines/src/port|host|node/src/(storage|paxos|machine))/',
    ),
    only(
      'transport-knows-the-core',
      '^node/src/transport/',
      '^(contract|link|node/src/(transport|paxos))/',
    ),
    only('metrics-stand-alone', '^node/src/metrics/', '^node/src/metrics/'),
    {
      name: 'nothing-imports-main',
      severity: 'error',
      from: {},
      to: { path: '^(node|operator)/src/(main|trial)\\.ts$' },
    },
    only(
      'node-does-not-know-its-clients',
      '^node/',
      '^(node/|contract/|machines/src/(port/|machines\\.ts$|names\\.ts$)|link/|host/)',
    ),
    only(
      'operator-does-not-know-the-node',
      '^operator/',
      '^(operator/|contract/|machines/src/names\\.ts$|link/|host/|client/)',
    ),
    only(
      'the-api-knows-the-contract-and-the-names-of-machines',
      '^operator/src/api/',
      '^(contract/|machines/src/names\\.ts$|operator/src/api/)',
    ),
    only(
      'builders-of-objects-know-the-api-only',
      '^operator/src/resources/',
      '^(contract|operator/src/(resources|api))/',
    ),
    only(
      'what-is-seen-stands-below-status-and-steps',
      '^operator/src/observation/',
      '^(contract|client|operator/src/(observation|api|resources|ports\\.ts$))',
    ),
    only(
      'verdicts-know-what-was-seen',
      '^operator/src/verdict/',
      '^(contract|operator/src/(verdict|observation))/',
    ),
    only(
      'conditions-know-what-was-seen-and-done',
      '^operator/src/status/',
      '^(contract|operator/src/(status|api|resources|observation|verdict))/',
    ),
    only(
      'steps-know-ports-and-not-who-fills-them',
      '^operator/src/reconcile/',
      '^(contract|client|operator/src/(reconcile|api|resources|observation|verdict|status|ports\\.ts$))',
    ),
    only(
      'members-do-not-know-the-api-server',
      '^operator/src/members/',
      '^(contract|link|host|client|operator/src/(members|api|resources|observation|ports\\.ts$))',
    ),
    only(
      'kube-knows-the-ports-only',
      '^operator/src/kube/',
      '^(host/|operator/src/(kube/|api/|ports\\.ts$))',
    ),
    only(
      'the-install-job-knows-the-definition-only',
      '^operator/src/install/',
      '^(contract|operator/src/(install|api))/',
    ),
    only(
      'manifests-know-the-api-only',
      '^operator/manifests/',
      '^(contract|operator/(manifests|src/api))/',
    ),
    only(
      'client-knows-the-contract-the-link-and-calls',
      '^client/',
      '^(client/|contract/|link/|machines/src/[^/]+/calls\\.ts$)',
    ),
    only(
      'cli-starts-the-node-and-never-imports-it',
      '^cli/',
      '^(cli|client|contract|machines|link|host)/',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: '(^|/)dist/',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
