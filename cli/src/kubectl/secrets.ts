/* What is taken out of objects and logs that a person gives away. */

const REMOVED = '(removed)';
/** Of Synod's own settings none is a secret: those are in files. */
const OWN_SETTING = /^SYNOD_/;
/** kubectl keeps there all that it was given, whatever is in it. */
const GIVEN = 'kubectl.kubernetes.io/last-applied-configuration';

/** A user and a password in an address: `nats://user:password@host`. */
export function withoutPasswords(text: string): string {
  return text.replace(/([a-z][a-z+]*:\/\/)[^\s/@"']+@/gi, `$1${REMOVED}@`);
}

/** An object of Kubernetes, without values of variables that others have set. */
export function withoutSecrets(found: unknown): unknown {
  if (typeof found === 'string') return withoutPasswords(found);
  if (Array.isArray(found)) return found.map(withoutSecrets);
  if (!isObject(found)) return found;
  const { name, value } = found;
  const isVariable = typeof name === 'string' && typeof value === 'string';
  const entries = Object.entries(found).filter(([key]) => key !== GIVEN);
  const kept = Object.fromEntries(entries.map(([key, each]) => [key, withoutSecrets(each)]));
  return isVariable && !OWN_SETTING.test(name) ? { ...kept, value: REMOVED } : kept;
}

export function isObject(found: unknown): found is Readonly<Record<string, unknown>> {
  return typeof found === 'object' && found !== null && !Array.isArray(found);
}
