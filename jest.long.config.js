import config from './jest.config.js';

/** What is too long for `npm test`: `.ci/run` runs it. @type {import('jest').Config} */
export default {
  ...config,
  testMatch: ['<rootDir>/test/long/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 300_000,
};
