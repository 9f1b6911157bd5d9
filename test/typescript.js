import swc from '@swc/jest';

/*
 * How jest runs TypeScript. Each file runs in a context of its own (node:vm), where a look at a
 * global costs a hundred times what a look at a local does: the simulator took twice as long as
 * outside jest. So each module has the builtins that it names as locals.
 */

const BUILTINS = [
  ...['Array', 'BigInt', 'Boolean', 'Buffer', 'Error', 'Infinity', 'JSON', 'Map', 'Math', 'NaN'],
  ...['Number', 'Object', 'Promise', 'RangeError', 'Set', 'String', 'Symbol', 'TypeError'],
  ...['Uint8Array', 'WeakMap'],
];

const transformer = swc.createTransformer({
  jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  module: { type: 'es6' },
});

/** On its first line: the numbers of the lines stay as they are. */
function withBuiltins({ code, map }) {
  const words = new Set(code.match(/\w+/g));
  const isImported = (name) => new RegExp(`import [^;]*\\b${name}\\b`).test(code);
  const named = BUILTINS.filter((name) => words.has(name) && !isImported(name));
  const locals = named.map((name) => `const ${name} = globalThis.${name};`).join('');
  return { code: locals + code, map };
}

export default {
  ...transformer,
  process: (...args) => withBuiltins(transformer.process(...args)),
  processAsync: async (...args) => withBuiltins(await transformer.processAsync(...args)),
  getCacheKey: (...args) => `${transformer.getCacheKey(...args)}-with-builtins`,
};
