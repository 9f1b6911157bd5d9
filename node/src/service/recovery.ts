import type { ErrorCode } from '../../../contract/src/error-codes.ts';
import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import type {
  RecoveryAnswer,
  RecoveryRequest,
  SetAsideRequest,
} from '../../../contract/src/recovery.ts';
import { DamageError } from '../storage/damage.ts';
import type { DataFolder } from '../storage/data-folder.ts';
import { makeRecovered, setFolderAside, takePlace } from '../storage/recovered-folder.ts';
import type { Logger } from '../../../host/src/logger.ts';
import type { NodeData } from './node-data.ts';
import type { RunningMember } from './running-member.ts';

export interface RecoveryPorts {
  readonly folder: DataFolder;
  /** Namespace and name. */
  readonly cluster: string;
  readonly data: NodeData;
  readonly log: Logger;
  running(): RunningMember | undefined;
  /** It is damaged, or has halted. */
  isUnfit(): boolean;
  /** The data folder is another one: once the answer is on its way, the process has to end. */
  left(): void;
  /** The state failed its checks. */
  failed(error: DamageError): void;
}

/**
 * Deliberate recovery from a quorum that is lost for good. Nothing but a person's word tells that
 * it is lost; so the old cluster's data is kept, and the new cluster has another id: whoever comes
 * back speaks to nobody in it.
 */
export class Recovery {
  readonly #ports: RecoveryPorts;
  #isBusy = false;

  constructor(ports: RecoveryPorts) {
    this.#ports = ports;
  }

  /**
   * Begins a new cluster with what this member has applied. What it has only accepted, and not
   * heard to be decided, is left behind.
   */
  async recover(request: RecoveryRequest): Promise<RecoveryAnswer> {
    const { data } = this.#ports;
    const { first } = data;
    if (first?.clusterId === request.newClusterId) return { ok: true };
    if (first?.clusterId !== request.clusterId) return refusal('ANOTHER_CLUSTER');
    const code = this.#refusal() ?? this.#incompleteness();
    if (code !== undefined) return refusal(code);
    return this.#leave(() => this.#recover(first, request));
  }

  /** Keeps the data under another name: the member comes back blank. */
  async setAside(request: SetAsideRequest): Promise<RecoveryAnswer> {
    const { folder, data, log } = this.#ports;
    const { first } = data;
    if (first?.clusterId !== request.clusterId) return refusal('ANOTHER_CLUSTER');
    const code = this.#ports.isUnfit() ? undefined : this.#refusalOf(request);
    if (code !== undefined) return refusal(code);
    return this.#leave(async () => {
      await data.close();
      const aside = setFolderAside(folder.path, request.clusterId);
      log.warn({ ...request, aside }, 'data set aside: the next start makes a blank member');
    });
  }

  /** Whoever is fit does it for a recovery alone. */
  #refusalOf({ newClusterId }: SetAsideRequest): ErrorCode | undefined {
    return newClusterId === undefined ? 'HAS_LEADER' : this.#refusal();
  }

  #refusal(): ErrorCode | undefined {
    if (this.#ports.isUnfit()) return 'DAMAGED';
    if (this.#isBusy) return 'PENDING';
    // Whoever has just started may hear one yet.
    return this.#ports.running()?.driver.member.missesLeader === true ? undefined : 'HAS_LEADER';
  }

  /** A state that was lost, and that the log cannot make again. */
  #incompleteness(): ErrorCode | undefined {
    const { opened } = this.#ports.data.storage ?? {};
    const slotOut = this.#ports.running()?.driver.member.slotOut ?? 0;
    const known = Math.max(opened?.log.first ?? 0, opened?.recovered.decidedMark ?? 0);
    return slotOut < known ? 'INCOMPLETE' : undefined;
  }

  /** Stops the member, and has the process end when `change` has put other data in its place. */
  async #leave(change: () => Promise<void>): Promise<RecoveryAnswer> {
    this.#isBusy = true;
    try {
      await this.#ports.running()?.stop();
      await change();
    } catch (error) {
      this.#isBusy = false;
      if (!(error instanceof DamageError)) throw error;
      this.#ports.failed(error);
      return refusal('DAMAGED');
    }
    this.#ports.left();
    return { ok: true };
  }

  async #recover(old: FirstConfiguration, { newClusterId }: RecoveryRequest): Promise<void> {
    const { folder, cluster, data, log } = this.#ports;
    const snapshot = data.storage?.state.snapshot();
    if (snapshot === undefined) throw new Error('the data was closed meanwhile');
    const { slotOut } = snapshot.facts;
    let first: FirstConfiguration;
    try {
      const init = { data: folder.path, cluster, old, newClusterId, snapshot };
      first = await makeRecovered(init);
    } finally {
      snapshot.close();
    }
    await data.close();
    takePlace(folder.path);
    log.warn({ ...first, from: old.clusterId, slotOut }, 'a new cluster begins with what is here');
  }
}

function refusal(code: ErrorCode): RecoveryAnswer {
  return { ok: false, code };
}
