/** Who connects to NATS by a user of its own that may do only what its role needs. */
export const clientRoles = ['operator', 'administrator', 'writer', 'reader'] as const;

/** A role that asks members for something. */
export type ClientRole = (typeof clientRoles)[number];

export type Role = 'member' | ClientRole;
