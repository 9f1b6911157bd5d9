import config from './jest.config.js';

/**
 * What needs a kube-apiserver and an etcd, which take minutes to build: `.ci/run` runs it.
 * @type {import('jest').Config}
 */
export default {
  ...config,
  testMatch: ['<rootDir>/test/operator/**/*.api.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  globalSetup: '<rootDir>/test/operator/api-server-setup.ts',
  globalTeardown: '<rootDir>/test/operator/api-server-teardown.ts',
  testTimeout: 30_000,
};
