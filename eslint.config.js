import tseslint from 'typescript-eslint';

/** What a pure function of its inputs does not know: paxos/, and what members run of a machine. */
const impure = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Promise', 'process']
  .concat(['Date', 'performance', 'crypto', 'fetch', 'console'])
  .map((name) => ({ name, message: 'This is pure: take what you need as an argument.' }));
const noBuffer = { name: 'Buffer', message: 'paxos/ does not know bytes.' };
const noRandomness = [
  'error',
  { object: 'Math', property: 'random', message: 'Randomness is an argument.' },
];
const noWaiting = [
  { selector: ':function[async=true]', message: 'This is synchronous.' },
  { selector: 'ImportExpression', message: 'Imports stand at the top.' },
];

/** Node's mkdir with `recursive` does not end below /proc. */
const endless = {
  selector:
    'CallExpression:matches([callee.name=/^mkdir(Sync)?$/], ' +
    '[callee.property.name=/^mkdir(Sync)?$/])[arguments.length>1]',
  message: 'Use makeFolder of host/src/folder.ts: it always ends.',
};

export default tseslint.config(
  { ignores: ['build/', '**/dist/', 'coverage/', 'node_modules/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      'max-len': [
        'error',
        {
          code: 100,
          ignoreUrls: true,
          ignoreStrings: true,
          ignoreTemplateLiterals: true,
          ignoreRegExpLiterals: true,
        },
      ],
      eqeqeq: 'error',
    },
  },
  {
    files: ['{contract,machines,link,host,node,client,cli,operator}/src/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', endless] },
  },
  {
    files: ['node/src/paxos/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...impure, noBuffer],
      'no-restricted-properties': noRandomness,
      'no-restricted-syntax': ['error', endless, ...noWaiting],
    },
  },
  {
    files: ['machines/src/*/{machine,operations}.ts', 'machines/src/port/count.ts'],
    rules: {
      'no-restricted-globals': ['error', ...impure],
      'no-restricted-properties': noRandomness,
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^node:(?!(crypto|buffer)$)', message: 'A machine is pure.' }] },
      ],
      'no-restricted-syntax': ['error', endless, ...noWaiting],
    },
  },
  {
    // The client's types of Kubernetes objects are classes, used as plain data.
    files: ['operator/**/*.ts', 'test/{operator,kubernetes}/**/*.ts'],
    rules: {
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
);
