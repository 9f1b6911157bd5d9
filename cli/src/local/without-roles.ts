import { isUnfit, type MemberStatus } from '../../../contract/src/status.ts';

/** Of a member that runs and takes no part: what it is, and why. @returns `undefined` of others */
export function withoutRoles({ name, role, alarms }: MemberStatus): string | undefined {
  if (!isUnfit(role)) return undefined;
  const [why = 'see its log'] = alarms;
  return `${name} runs, but is ${role} and takes no part: ${why.replace(/\.?$/, '.')}`;
}
