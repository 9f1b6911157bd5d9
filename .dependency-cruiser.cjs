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
    only('machine-knows-the-contract-only', '^node/src/machine/', '^(contract|node/src/machine)/'),
    only(
      'storage-knows-the-core-and-machine',
      '^node/src/storage/',
      '^(contract|node/src/(storage|paxos|machine))/',
    ),
    only(
      'transport-knows-the-core',
      '^node/src/transport/',
      '^(contract|node/src/(transport|paxos))/',
    ),
    only('metrics-stand-alone', '^node/src/metrics/', '^node/src/metrics/'),
    {
      name: 'nothing-imports-main',
      severity: 'error',
      from: {},
      to: { path: '^(node|operator)/src/main\\.ts$' },
    },
    only('node-does-not-know-its-clients', '^node/', '^(node|contract)/'),
    only(
      'operator-knows-the-contract-and-the-client',
      '^operator/',
      '^(operator|contract|client/src/sdk)/',
    ),
    only(
      'builders-of-objects-know-the-api-only',
      '^operator/src/(api|resources)/',
      '^(contract|operator/src/(api|resources))/',
    ),
    only('client-starts-the-node-and-never-imports-it', '^client/', '^(client|contract)/'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
