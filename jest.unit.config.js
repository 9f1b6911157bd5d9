import config from './jest.config.js';

/** The tests that start no cluster: `npm run check` runs those of what changed. @type {import('jest').Config} */
export default {
  ...config,
  testPathIgnorePatterns: [...config.testPathIgnorePatterns, '<rootDir>/test/journeys/'],
};
