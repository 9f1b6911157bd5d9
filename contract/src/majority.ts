/**
 * How many of `voters` voters make a majority, and so a quorum. The core has its own
 * (node/src/paxos/quorum.ts), as it imports nothing.
 */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}
