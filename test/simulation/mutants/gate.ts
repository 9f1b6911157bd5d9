import { execFile, type ExecException } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import type { Mutant, SimulatedMutant } from './mutants.ts';
import type { Trial, TrialRequest } from './trial.ts';
import type { Witness } from './witnesses.ts';

/** The compiled simulator and sources, and where those of mutants go. */
const BUILD = 'build/simulation';
const MUTANTS = 'build/mutants';
const TRIAL = 'test/simulation/mutants/trial.js';
const DEADLINE_MS = 10 * 60_000;

/** A mutant that says nothing: it does not apply or compile, or its cluster decides nothing. */
export class UselessMutantError extends Error {
  override readonly name = 'UselessMutantError';
}

/** Tries the sources as they are: nothing may break. */
export function tryOriginal(seeds: readonly number[]): Promise<Trial> {
  return tried(BUILD, { invariant: 'any', seeds });
}

/**
 * Applies a mutant to a copy of the compiled sources, and tries that.
 * @param witness where it was noticed once: tried first
 * @param runs seeds at most, from 1 on
 * @throws UselessMutantError
 */
export async function tryMutant(
  mutant: SimulatedMutant,
  number: number,
  witness: Witness | undefined,
  runs: number,
): Promise<Trial> {
  const folder = path.join(MUTANTS, String(number));
  fs.rmSync(folder, { recursive: true, force: true });
  fs.cpSync(BUILD, folder, { recursive: true });
  const compiled = path.join(folder, 'node/src', mutant.file.replace(/\.ts$/, '.js'));
  fs.writeFileSync(compiled, compile(mutant));
  try {
    const seeds = Array.from({ length: runs }, (_, i) => i + 1);
    const request = { invariant: mutant.invariant, witness, seeds };
    const trial = await tried(folder, request).catch((error: unknown) => {
      if (!(error as ExecException).killed) throw error;
      throw new UselessMutantError(`${mutant.name}: no verdict in ${DEADLINE_MS / 60_000} minutes`);
    });
    if (!trial.isAlive) throw new UselessMutantError(`${mutant.name}: it decides nothing at all`);
    return trial;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function compile(mutant: Mutant): string {
  const { outputText, diagnostics = [] } = ts.transpileModule(mutated(mutant), {
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  });
  if (diagnostics.length > 0) throw new UselessMutantError(`${mutant.name}: it does not compile`);
  return outputText;
}

/**
 * The source with the fault in it.
 * @throws UselessMutantError
 */
export function mutated({ name, file, from, to }: Mutant): string {
  const source = fs.readFileSync(path.join('node/src', file), 'utf8');
  const places = source.split(from).length - 1;
  if (places !== 1) {
    throw new UselessMutantError(`${name}: its place stands ${places} times in ${file}`);
  }
  return source.replace(from, () => to);
}

async function tried(folder: string, request: TrialRequest): Promise<Trial> {
  const args = [path.join(folder, TRIAL), JSON.stringify(request)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: DEADLINE_MS });
  return JSON.parse(stdout) as Trial;
}
