import type { FirstConfiguration } from '../../../../contract/src/first-configuration.ts';

/** What is in the data folder of a member. */
export interface Disk {
  /** Drawn when the folder was formatted. */
  id: string;
  first: FirstConfiguration | null;
  isDamaged: boolean;
  isStalled: boolean;
  /** It has applied what the others have. */
  hasCaughtUp: boolean;
}

/** A volume: on one node, for ever. */
export interface Volume {
  readonly name: string;
  readonly node: string;
  readonly disk: Disk;
}

export class Disks {
  readonly volumes: Volume[] = [];
  #count = 0;

  /** With an empty folder, which the member formats at once. */
  make(node: string): Volume {
    const disk = this.#blank();
    const volume = { name: `pv-${disk.id}`, node, disk };
    this.volumes.push(volume);
    return volume;
  }

  /** Emptied, and formatted anew. */
  format(disk: Disk): void {
    Object.assign(disk, this.#blank());
  }

  find(name: string | undefined): Volume | undefined {
    return this.volumes.find((volume) => volume.name === name);
  }

  lose(lost: (volume: Volume) => boolean): void {
    const kept = this.volumes.filter((volume) => !lost(volume));
    this.volumes.splice(0, this.volumes.length, ...kept);
  }

  #blank(): Disk {
    this.#count += 1;
    return {
      id: `m${this.#count}`,
      first: null,
      isDamaged: false,
      isStalled: false,
      hasCaughtUp: false,
    };
  }
}
