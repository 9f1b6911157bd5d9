import type { Field } from './faults.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/** What happens to a disk behind the back of its member, which shows when that comes back. */
export const diskFaultKinds = [
  'bit-flip',
  'lost-tail',
  'misdirected-write',
  'lost-file',
  'rolled-back',
  'damaged-state',
  'rolled-back-state',
  'lost-session',
  'wipe',
] as const;

export type DiskFaultKind = (typeof diskFaultKinds)[number];

/** Of the disks that may lose what others only remember, so many strike while all stop at once. */
const ALL_STOP = 0.3;

/** @returns whether there was something to hit; whoever it hit is down */
export function damage(
  kind: DiskFaultKind,
  hit: SimulatedProcess,
  luck: number,
  field: Field,
): boolean {
  if (!field.canLose(hit)) return false;
  switch (kind) {
    case 'bit-flip':
      return damageLog(hit, luck, field, (disk) => disk.flipBit(luck));
    case 'lost-tail':
      return damageLog(hit, luck, field, (disk) => disk.loseTail(luck));
    case 'misdirected-write':
      return damageLog(hit, luck, field, (disk) => disk.misdirect(luck));
    case 'lost-file':
      return damageLog(hit, luck, field, (disk) => disk.loseFile(luck));
    case 'rolled-back': {
      const { backup } = hit;
      if (backup !== undefined) return damageLog(hit, luck, field, (disk) => disk.rollBack(backup));
      hit.backUp();
      return false;
    }
    case 'damaged-state':
      return hit.damageState((disk) => disk.loseFacts());
    case 'rolled-back-state': {
      const { backup } = hit;
      if (backup !== undefined) return hit.damageState((disk) => disk.rollBackState(backup));
      hit.backUp();
      return false;
    }
    case 'lost-session':
      return hit.damageState((disk) => disk.loseSession(luck, hit.backup));
    case 'wipe':
      hit.wipe();
      return true;
    default:
      return kind satisfies never;
  }
}

/**
 * A log that is shorter than it was may look well: then others must remember that it was longer.
 * So it strikes only when they do; what they cannot know yet is the window that docs/failures.md
 * states.
 */
function damageLog(
  hit: SimulatedProcess,
  luck: number,
  field: Field,
  change: (disk: SimulatedDisk) => void,
): boolean {
  const { end } = hit;
  const lost = hit.wouldLose(change);
  if (end === undefined || lost === 0) return false;
  const others = field.processes.filter(({ id, lost: isLost }) => id !== hit.id && !isLost);
  const allStop = (luck * 10) % 1 < ALL_STOP;
  const remembers = (other: SimulatedProcess): boolean =>
    (allStop ? other.heardOnDisk(hit.id) : other.heard(hit.id)) > end.sequence - lost;
  if (!others.filter((other) => field.isMember(other.id)).every(remembers)) return false;
  hit.damageLog(change);
  if (!allStop) return true;
  const running = others.filter((other) => other.isThere);
  for (const other of running) other.kill(0);
  field.scheduler.after(luck * 300, () => {
    for (const other of running) other.start();
  });
  return true;
}
