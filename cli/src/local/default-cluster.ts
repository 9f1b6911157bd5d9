/** The cluster that commands mean when they name none. */
export const DEFAULT_CLUSTER = 'local';
