/** The data is of a format that this version of Synod does not read: it changes nothing. */
export class FormatError extends Error {
  override readonly name = 'FormatError';

  constructor(file: string, found: number, supported: number) {
    const isOld = found < supported;
    const reads = isOld ? `from ${supported} on` : `up to ${supported}`;
    const orNewer = isOld ? '' : ', or a newer one';
    super(
      `${file} has format ${found}, and this version of Synod reads ${reads}. ` +
        `Start the version that wrote it${orNewer}.`,
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
