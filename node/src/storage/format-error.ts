/** The data is of a newer format: this version of Synod refuses it and changes nothing. */
export class FormatError extends Error {
  override readonly name = 'FormatError';

  constructor(file: string, found: number, supported: number) {
    super(
      `${file} has format ${found}, and this version of Synod reads up to ${supported}. ` +
        'Start the version that wrote it, or a newer one.',
    );
  }
}

/** The data belongs to another cluster or member: it is refused, and nothing is changed. */
export class ForeignDataError extends Error {
  override readonly name = 'ForeignDataError';

  constructor(file: string, what: 'cluster' | 'member', found: string, expected: string) {
    super(
      `${file} belongs to ${what} ${found}, not to ${expected}. ` +
        'Start it with the right ids, or choose another data folder.',
    );
  }
}
