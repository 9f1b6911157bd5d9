import config from './jest.config.js';

/** What needs programs of Kubernetes: helm, or a whole cluster. @type {import('jest').Config} */
export default {
  ...config,
  testMatch: ['<rootDir>/test/kubernetes/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
};
