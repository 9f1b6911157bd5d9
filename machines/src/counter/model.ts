import type { SequentialModel } from '../port/model.ts';

export type RegisterInput = { readonly type: 'add' } | { readonly type: 'read' };

/** A register that begins at 0; each add adds 1. The output is its value afterwards. */
export const registerModel: SequentialModel<number, RegisterInput, number> = {
  initial: 0,
  step: (value, { type }, output) => {
    const after = type === 'add' ? value + 1 : value;
    return output === undefined || output === after ? after : undefined;
  },
  key: String,
};
