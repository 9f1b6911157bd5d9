import { hasGo, Porcupine } from './porcupine.ts';

/** A test that needs Porcupine: left out where there is no Go to build it. */
export const withGo = hasGo ? test : test.skip;

/** Builds Porcupine before the tests of a file, and takes it away after them. */
export function builtPorcupine(): () => Porcupine {
  let built: Porcupine | undefined;
  beforeAll(() => {
    if (hasGo) built = new Porcupine();
  }, 150_000);
  afterAll(() => built?.remove());
  return () => {
    if (built === undefined) throw new Error('Porcupine was not built');
    return built;
  };
}
