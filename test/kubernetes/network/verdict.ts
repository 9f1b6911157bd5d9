import { castOf, forbidden, kindOf, needed, withStandIn } from './intent.ts';
import type { Connection } from './policies.ts';
import { nameOf, type Recording } from './recorder.ts';

/**
 * What the policies of a release make of what happened.
 * @returns what is wrong: a line each
 */
export function complaintsOf(recording: Recording, release: string): string[] {
  const { policies } = recording;
  const connections = recording.connections.map(withStandIn);
  const kinds = new Set(connections.map(kindOf));
  const cast = castOf(
    connections.flatMap(({ from, to }) => [from, to]),
    release,
  );
  const isAllowed = (connection: Connection) => policies.denial(connection) === undefined;
  return [
    ...connections
      .filter((connection) => !isAllowed(connection))
      .map((connection) => {
        const { from, to } = connection;
        const who = `${kindOf(connection)}, from ${nameOf(from)} to ${nameOf(to)}`;
        return `${who}: happened, and ${policies.denial(connection) ?? 'nothing'} denies it`;
      }),
    // Or the recorder was blind.
    ...needed.filter((kind) => !kinds.has(kind)).map((kind) => `${kind}: never happened`),
    ...forbidden(cast)
      .filter(isAllowed)
      .map((connection) => `${kindOf(connection)}: allowed, though it should not be`),
  ];
}

/** All that happened between a release's pods and others, a line for each kind. */
export function kindsOf({ connections }: Recording): string[] {
  return [...new Set(connections.map(withStandIn).map(kindOf))].sort();
}
