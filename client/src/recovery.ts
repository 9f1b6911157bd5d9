import type { RecoveryRequest, SetAsideRequest } from '../../contract/src/recovery.ts';
import type { AdminRequests } from './admin-requests.ts';

/** The way out when the quorum of a cluster is lost for good: see docs/failures.md. */
export class Recovery {
  readonly #requests: AdminRequests;

  constructor(requests: AdminRequests) {
    this.#requests = requests;
  }

  /**
   * Has one surviving member begin a new cluster, alone, with what it has applied. It ends, and
   * comes back with another id. Asked again, it is not done twice.
   * @throws SynodError `NO_MEMBER`, `ANOTHER_CLUSTER`, `HAS_LEADER`, `DAMAGED`, `INCOMPLETE`,
   *   `PENDING`
   */
  async begin(member: string, request: RecoveryRequest): Promise<void> {
    return this.#requests.recover(member, request);
  }

  /**
   * Has another member of the lost cluster, or one that is unfit, keep its data aside, and come
   * back blank.
   */
  async setAside(member: string, request: SetAsideRequest): Promise<void> {
    return this.#requests.setAside(member, request);
  }
}
