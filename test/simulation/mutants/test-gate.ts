import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { mutated, UselessMutantError } from './gate.ts';
import type { TestedMutant } from './tested-mutants.ts';

/* For what the simulator has no part of, or a test sees at once: real files, single roles. */

const FOLDER = 'build/mutants';
const PACKAGES = ['contract', 'machines', 'link', 'host', 'node', 'client', 'cli'];
const COPIED = [...PACKAGES, 'test', 'package.json', 'jest.config.js'];
const CONFIG = `import base from './jest.config.js';
const { globalSetup, ...rest } = base;
export default { ...rest, cacheDirectory: '../jest', maxWorkers: 1 };
`;
const DEADLINE_MS = 5 * 60_000;

interface JestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** A copy of sources and tests, in which one mutant after the other is tried. */
export class TestGate {
  readonly #folder: string;

  constructor(number: number) {
    this.#folder = path.join(FOLDER, `tests-${number}`);
    fs.rmSync(this.#folder, { recursive: true, force: true });
    for (const each of COPIED) {
      fs.cpSync(each, path.join(this.#folder, each), { recursive: true });
    }
    fs.symlinkSync(path.resolve('node_modules'), path.join(this.#folder, 'node_modules'));
    fs.writeFileSync(path.join(this.#folder, 'jest.mutants.config.js'), CONFIG);
  }

  /**
   * @returns whether its test fails
   * @throws UselessMutantError
   */
  async notices(mutant: TestedMutant): Promise<boolean> {
    const source = path.join('node/src', mutant.file);
    fs.writeFileSync(path.join(this.#folder, source), mutated(mutant));
    try {
      const report = await this.#run(mutant);
      const results = report.testResults.flatMap(({ assertionResults }) => assertionResults);
      const result = results.find(({ fullName }) => fullName === mutant.test);
      if (result?.status === 'failed') return true;
      if (result?.status === 'passed') return false;
      throw new UselessMutantError(`${mutant.name}: ${mutant.in} has no test of that name`);
    } finally {
      fs.copyFileSync(source, path.join(this.#folder, source));
    }
  }

  async #run({ in: file, test }: TestedMutant): Promise<JestReport> {
    const name = test.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
    const options = ['--config', 'jest.mutants.config.js', '--json', '--silent', '--forceExit'];
    const args = [...jest, ...options, '--testNamePattern', `^${name}$`, file];
    const settings = { cwd: this.#folder, timeout: DEADLINE_MS, maxBuffer: 1 << 28 };
    const run = promisify(execFile)(process.execPath, args, settings);
    // With a test that fails it ends with 1, and says which just the same.
    const { stdout } = await run.catch((error: unknown) => error as { readonly stdout: string });
    return JSON.parse(stdout) as JestReport;
  }

  close(): void {
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }
}
