/** The state machines that there are, by the names that members are started with. */
export const machineNames = ['chat-log', 'counter'] as const;
export type MachineName = (typeof machineNames)[number];

/** Data belongs to one machine: another default would have members refuse the data they have. */
export const DEFAULT_MACHINE: MachineName = 'chat-log';
