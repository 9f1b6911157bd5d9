/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: [
    '/node_modules/',
    '<rootDir>/test/long/',
    '<rootDir>/test/kubernetes/',
    '\\.api\\.test\\.ts$',
  ],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': '<rootDir>/test/typescript.js',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/build/', '<rootDir>/client/dist/'],
  globalSetup: '<rootDir>/test/nats-server.ts',
  // Most of the time a test waits for processes that it started.
  maxWorkers: 3,
  testTimeout: 20_000,
};
