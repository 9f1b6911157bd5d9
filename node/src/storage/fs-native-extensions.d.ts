/** It comes without types. This is what is used of it. */
declare module 'fs-native-extensions' {
  /** @returns whether this file, as it was opened here, is locked now: no other may be */
  export function tryLock(file: number): boolean;
}
