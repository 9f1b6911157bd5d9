import type { V1Pod, V1StatefulSet } from '@kubernetes/client-node';
import { SynodError } from '../../../../contract/src/synod-error.ts';
import {
  parseFirstConfiguration,
  type FirstConfiguration,
} from '../../../../contract/src/first-configuration.ts';
import type { HeldSnapshot } from '../../../../contract/src/snapshot.ts';
import type { MembershipAnswer, MembershipRequest } from '../../../../contract/src/membership.ts';
import type { RecoveryRequest, SetAsideRequest } from '../../../../contract/src/recovery.ts';
import {
  isUnfit,
  type HaltCause,
  type MemberRole,
  type MemberStatus,
} from '../../../../contract/src/status.ts';
import type { PaxosCluster } from '../../../../operator/src/api/paxos-cluster.ts';
import { specSchema, type PaxosClusterSpec } from '../../../../operator/src/api/spec.ts';
import { followed } from '../../../../operator/src/at-rest.ts';
import type {
  Address,
  Heard,
  Members,
  ObjectKind,
  ReconcileResult,
} from '../../../../operator/src/ports.ts';
import { makeReconcile } from '../../../../operator/src/reconcile/reconcile.ts';
import { LOST, SNAPSHOT } from '../../../../operator/src/resources/annotations.ts';
import { ordinalOf } from '../../../../operator/src/resources/names.ts';
import { Disks, type Disk, type Volume } from './disks.ts';
import { Kubernetes } from './kubernetes.ts';
import { ModelObjects, type ModelObject } from './model-objects.ts';
import { ModelOperator } from './model-operator.ts';
import { Paxos } from './paxos.ts';

const WINDOW = 16;
/** Of slots: who has caught up has as many. */
const SLOTS = 1_000;
const STEP_MS = 20_000;
/** A leader says then of a member that it does not hear it. */
const UNHEARD_MS = 60_000;

/** The operator ends just before it changes something. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** A member's process. */
interface Process {
  readonly pod: V1Pod;
  readonly disk: Disk;
}

/** Of a version that runs, answers, and does nothing else. */
function isUnready({ spec }: V1Pod): boolean {
  return spec?.containers[0]?.image === 'unready';
}

/**
 * Kubernetes, NATS and the members of a cluster, and an operator that works on them. Whatever an
 * operator does that it must never do is a violation.
 */
export class World implements Members {
  readonly violations: string[] = [];
  /** The reasons of events that warn a person. */
  readonly warnings: string[] = [];
  /** What the operator changed, in order. */
  readonly deeds: string[] = [];
  readonly disks = new Disks();
  readonly objects: ModelObjects;
  readonly kubernetes: Kubernetes;
  natsUp = true;
  /** Pods that do not reach NATS, whatever their templates say. */
  readonly cutOff = new Set<string>();
  /** The operator's own connection; the members may have theirs. */
  isCutOff = false;
  /** Who led has stepped down, and the others take it for their leader yet. */
  hasSteppedDown = false;
  /** What members have that learn yet, and are not ready. */
  readonly learning = new Map<string, { readonly slot: number; readonly bytes?: number }>();
  /** By the names of pods, what their members were started with, if not with the chat log. */
  readonly machines = new Map<string, string>();
  /** What pods' members hold to begin with. */
  readonly snapshots = new Map<string, HeldSnapshot>();
  /** Snapshots in claims, that pods have restored before their members began: `claim/path`. */
  readonly backups = new Map<string, HeldSnapshot>();
  /** Changes that are left until the operator crashes. */
  patience = Infinity;
  /** People and fate have cost a majority of the volumes. */
  isBeyondHelp = false;
  #now = Date.UTC(2030, 0, 1);
  readonly #clusters = new Map<string, Paxos>();
  /** Pods whose processes do nothing, by their uids. The kubelet does not notice. */
  readonly #hung = new Set<string>();
  /** Those that gave up their roles, until they are restarted; by the uids of their pods. */
  readonly #halted = new Map<string, HaltCause>();
  /** Since when the leader has not heard a member. */
  readonly #unheard = new Map<string, number>();
  #listener: string | undefined;
  /** Mostly the first one works; two do when each believes that it leads. */
  readonly #operators = [this.#operator(), this.#operator()] as const;

  constructor() {
    this.objects = new ModelObjects(
      {
        changing: () => {
          this.patience -= 1;
          if (this.patience < 0) throw new Crash();
        },
        removing: (kind, name) => this.#removing(kind, name),
        applying: (object) => this.#applying(object),
        changed: (kind) => this.#changed(kind),
      },
      () => this.#now,
    );
    this.kubernetes = new Kubernetes(this.objects, this.disks, () => this.#now);
    for (let count = 0; count < 5; count += 1) this.kubernetes.addNode();
  }

  /* What people and fate do. */

  createCluster(spec: Partial<PaxosClusterSpec> = {}): void {
    const whole = specSchema.parse({ image: 'v1', nats: { url: 'nats://n:4222' }, ...spec });
    this.objects.put({
      apiVersion: 'paxos.synod.dev/v1alpha1',
      kind: 'PaxosCluster',
      metadata: { name: 'c', namespace: 'n' },
      spec: whole,
    });
  }

  get cluster(): PaxosCluster {
    return this.objects.all('PaxosCluster')[0] as PaxosCluster;
  }

  edit(spec: Partial<PaxosClusterSpec>): void {
    const { cluster } = this;
    this.objects.put({ ...cluster, spec: { ...cluster.spec, ...spec } });
  }

  /** By the size of the volumes that there may be. */
  resize(size: string, whenDeleted: 'Retain' | 'Delete' = 'Retain'): void {
    this.edit({ storage: { ...this.cluster.spec.storage, size, whenDeleted } });
  }

  annotate(annotations: Record<string, string>): void {
    const { cluster } = this;
    const metadata = { ...cluster.metadata, annotations };
    this.objects.put({ ...cluster, metadata });
  }

  /** Whoever deletes it has the volumes stay, and the first configuration. */
  deleteCluster(): void {
    for (const map of this.objects.all('ConfigMap')) {
      this.objects.put({ ...map, metadata: { ...map.metadata, ownerReferences: [] } });
    }
    this.objects.erase('PaxosCluster', 'c');
    this.objects.erase('StatefulSet', 'c');
    for (const kind of [
      'ServiceAccount',
      'Service',
      'PodDisruptionBudget',
      'NetworkPolicy',
    ] as const) {
      for (const { metadata } of this.objects.all(kind)) {
        this.objects.erase(kind, metadata?.name ?? '');
      }
    }
    for (const { metadata } of this.pods) this.objects.erase('Pod', metadata?.name ?? '');
  }

  wipe(ordinal: number): void {
    const volume = this.volumeOf(ordinal);
    if (volume !== undefined) this.disks.format(volume.disk);
    this.#fate();
  }

  damage(ordinal: number): void {
    const volume = this.volumeOf(ordinal);
    // One that was not told yet has nothing to be damaged.
    if (volume?.disk.first) volume.disk.isDamaged = true;
    this.#fate();
  }

  /** It knows that it, or what it has, is not to be trusted. */
  halt(ordinal: number, why: HaltCause): void {
    const pod = this.objects.find('Pod', `c-${ordinal}`);
    this.#halted.set(pod?.metadata?.uid ?? '', why);
    this.#elect();
  }

  /** Somebody copies what is in one volume to another one; both members hear of it. */
  copy(from: number, to: number): void {
    const [source, target] = [this.volumeOf(from)?.disk, this.volumeOf(to)?.disk];
    if (source === undefined || target === undefined) return;
    Object.assign(target, source);
    for (const ordinal of [from, to]) this.halt(ordinal, 'twin');
    this.#fate();
  }

  /** It writes slowly, or as it should. */
  stall(ordinal: number, isStalled: boolean): void {
    const volume = this.volumeOf(ordinal);
    if (volume !== undefined) volume.disk.isStalled = isStalled;
  }

  loseNode(name: string): void {
    this.kubernetes.loseNode(name);
    this.kubernetes.addNode();
    this.#fate();
  }

  deleteClaim(ordinal: number): void {
    this.objects.mark('PersistentVolumeClaim', `data-c-${ordinal}`);
    this.#fate();
  }

  deletePod(ordinal: number): void {
    this.objects.mark('Pod', `c-${ordinal}`);
  }

  /** Its process runs, and does nothing any more. */
  hang(ordinal: number): void {
    const pod = this.objects.find('Pod', `c-${ordinal}`);
    if (pod?.status?.podIP !== undefined) this.#hung.add(pod.metadata?.uid ?? '');
    this.#elect();
  }

  /** People restart what does nothing. */
  restartHung(): void {
    for (const { metadata } of this.pods) {
      if (this.#hung.has(metadata?.uid ?? '')) this.objects.mark('Pod', metadata?.name ?? '');
    }
  }

  /** Says of voters whose volumes are nowhere that they are lost. */
  declareLost(): void {
    const lost = this.paxos?.newest.voters.filter((voter) => this.#diskOf(voter) === undefined);
    const pods = this.pods.map(({ metadata }) => metadata?.name ?? '');
    const free = pods.filter((pod) => {
      const id = this.volumeOf(ordinalOf('c', pod) ?? -1)?.disk.id ?? '';
      return this.paxos?.names(id) !== true;
    });
    const pairs = (lost ?? []).map((voter, index) => `${free[index] ?? 'c-0'}=${voter}`);
    if (pairs.length > 0) this.annotate({ [LOST]: pairs.join(',') });
  }

  /** Before there is a cluster: has volumes forgotten that went with their nodes. */
  forgetLost(): void {
    if (this.objects.find('ConfigMap', 'c-first-configuration') !== undefined) return;
    for (const { metadata, spec } of this.objects.all('PersistentVolumeClaim')) {
      const isLost = spec?.volumeName !== undefined && !this.disks.find(spec.volumeName);
      const ordinal = ordinalOf('c', metadata?.name) ?? -1;
      if (!isLost) continue;
      this.deleteClaim(ordinal);
      this.deletePod(ordinal);
    }
  }

  /** The volumes that somebody deleted go when their pods do. */
  finishDeletions(): void {
    for (const { metadata } of this.objects.all('PersistentVolumeClaim')) {
      const ordinal = ordinalOf('c', metadata?.name) ?? -1;
      if (metadata?.deletionTimestamp !== undefined) this.deletePod(ordinal);
    }
  }

  /* What the operator does. */

  /** An operator looks, or is content with a glance. It may crash, or another one is quicker. */
  async reconcile(): Promise<ReconcileResult> {
    const [operator] = this.#operators;
    const result = await this.#lookOf(operator);
    if (!operator.hasLooked && !operator.isBehind) await this.#lookInVain();
    return result;
  }

  /** Two operators at once. */
  async reconcileTwice(): Promise<void> {
    await Promise.all(this.#operators.map((operator) => this.#lookOf(operator)));
  }

  restartOperator(): void {
    for (const operator of this.#operators) operator.restart();
  }

  async #lookOf(operator: ModelOperator): Promise<ReconcileResult> {
    try {
      return await operator.look();
    } catch (error) {
      if (error instanceof Crash) operator.restart();
      else if ((error as Error).name !== 'ConflictError') throw error;
      return {};
    } finally {
      this.patience = Infinity;
    }
  }

  /** Where a glance was enough, a look would have found nothing to do. */
  async #lookInVain(): Promise<void> {
    this.patience = 0;
    try {
      await this.#reconcile();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.violations.push('a look was left out that would have found something to do');
    } finally {
      this.patience = Infinity;
    }
  }

  async #reconcile(): Promise<ReconcileResult> {
    const reconcile = makeReconcile({
      objects: this.objects,
      members: this,
      events: {
        record: (_, type, reason) => {
          if (type === 'Warning') this.warnings.push(reason);
          return Promise.resolve();
        },
      },
      now: () => this.#now,
      newClusterId: () => `cluster-${this.#clusters.size}`,
    });
    return reconcile({ namespace: 'n', name: 'c' });
  }

  #operator(): ModelOperator {
    return new ModelOperator({
      look: () => this.#reconcile(),
      glance: async () => {
        await Promise.resolve();
        return this.#hasNats ? this.#overNats() : undefined;
      },
      clock: { now: () => this.#now },
    });
  }

  #changed(kind: ObjectKind): void {
    const isTold = kind === 'PaxosCluster' || followed.includes(kind);
    const isThere = this.objects.all('PaxosCluster').length > 0;
    for (const operator of this.#operators) {
      if (!isTold) operator.isBehind = true;
      else if (isThere) operator.changed();
      else operator.forget();
    }
  }

  /** Lets the operator and everybody else go on. */
  async rounds(count: number): Promise<void> {
    for (let round = 0; round < count; round += 1) {
      this.settle();
      await this.reconcile();
    }
    this.settle();
  }

  settle(): void {
    this.#now += STEP_MS;
    this.kubernetes.step();
    this.#fate();
    this.#elect();
    this.paxos?.settle();
    this.#listen();
    for (const process of this.#processes) {
      const { pod, disk } = process;
      const paxos = this.#paxosOf(disk);
      if (paxos?.leader !== undefined && !disk.isDamaged) disk.hasCaughtUp = true;
      const conditions = [{ type: 'Ready', status: this.#isReady(process) ? 'True' : 'False' }];
      this.objects.put({ ...pod, status: { ...pod.status, conditions } });
    }
  }

  #snapshotOf({ metadata, spec }: V1Pod): HeldSnapshot | null {
    const restored = spec?.initContainers?.length === 1 && metadata?.annotations?.[SNAPSHOT];
    const held = restored ? this.backups.get(restored) : undefined;
    return held ?? this.snapshots.get(metadata?.name ?? '') ?? null;
  }

  /* What there is. */

  get pods(): V1Pod[] {
    return this.objects.all('Pod');
  }

  get statefulSet(): V1StatefulSet | undefined {
    return this.objects.all('StatefulSet')[0];
  }

  /** What the only cluster has decided; after a recovery, the new one. */
  get paxos(): Paxos | undefined {
    return [...this.#clusters.values()].at(-1);
  }

  volumeOf(ordinal: number): Volume | undefined {
    const name = `data-c-${ordinal}`;
    const claim = this.objects.find('PersistentVolumeClaim', name);
    return this.disks.find(claim?.spec?.volumeName);
  }

  /* As the operator hears it. */

  async look(_cluster: PaxosCluster, addresses: readonly Address[]): Promise<Heard> {
    await Promise.resolve();
    const processes = this.#processes;
    const at = ({ ip }: Address) => processes.find(({ pod }) => pod.status?.podIP === ip);
    const http = addresses.flatMap((address): [string, MemberStatus][] => {
      const process = at(address);
      return process === undefined ? [] : [[address.pod, this.#statusOf(process)]];
    });
    return {
      http: new Map(http),
      waiting: new Map(),
      figures: [],
      nats: this.#hasNats ? this.#overNats() : [],
      connection: this.#hasNats ? { up: true } : { up: false, why: 'NATS is away' },
    };
  }

  async form(_cluster: PaxosCluster, member: string, first: FirstConfiguration): Promise<void> {
    await Promise.resolve();
    this.objects.changing();
    const disk = this.#reached(member)?.disk;
    if (disk === undefined) throw new SynodError('NO_MEMBER');
    if (disk.first !== null && disk.first.clusterId !== first.clusterId) {
      throw new SynodError('ANOTHER_CLUSTER');
    }
    if (this.#clusters.size > 0 && !this.#clusters.has(first.clusterId)) {
      this.violations.push(`a second cluster, ${first.clusterId}, is formed`);
    }
    this.deeds.push(`form ${member}`);
    disk.first = first;
    const { clusterId } = first;
    if (!this.#clusters.has(clusterId)) this.#clusters.set(clusterId, new Paxos(first));
    this.#elect();
  }

  async change(_cluster: PaxosCluster, request: MembershipRequest): Promise<MembershipAnswer> {
    await Promise.resolve();
    this.objects.changing();
    const { paxos } = this;
    if (paxos === undefined || !this.#hasNats) throw new SynodError('NO_LEADER');
    const before = { lists: paxos.newest, hadMajority: this.#hasMajority() };
    const isVoter = paxos.newest.voters.includes(request.member);
    const isCaughtUp = (id: string) => this.#diskOf(id)?.hasCaughtUp === true;
    const answer = paxos.change(request, this.#isUp, isCaughtUp);
    const isDone = paxos.newest !== before.lists;
    if (isDone && isVoter && request.step === 'remove') this.#dismissing(request.member);
    if (isDone) this.deeds.push(`${request.step} ${request.member}`);
    if (before.hadMajority && !this.#hasMajority()) {
      this.violations.push(`after ${request.step} ${request.member} no majority has its volumes`);
    }
    if (request.force) this.violations.push('a change was forced');
    return answer;
  }

  async transfer(_cluster: PaxosCluster, to: string): Promise<void> {
    await Promise.resolve();
    this.objects.changing();
    const { paxos } = this;
    if (paxos?.leader === undefined || !this.#hasNats) throw new SynodError('NO_LEADER');
    if (!paxos.newest.voters.includes(to)) throw new SynodError('UNKNOWN_MEMBER');
    if (!this.#isUp(to)) throw new SynodError('NOT_TRANSFERRED');
    this.deeds.push(`transfer ${to}`);
    paxos.leader = to;
  }

  async recover(_cluster: PaxosCluster, member: string, request: RecoveryRequest): Promise<void> {
    await Promise.resolve();
    const disk = this.#asked(member, request);
    const { newClusterId } = request;
    this.deeds.push(`recover ${member}`);
    this.disks.format(disk);
    disk.first = { clusterId: newClusterId, members: [disk.id], window: WINDOW };
    disk.hasCaughtUp = true;
    this.#clusters.set(newClusterId, new Paxos(disk.first));
  }

  async setAside(_cluster: PaxosCluster, member: string, request: SetAsideRequest): Promise<void> {
    await Promise.resolve();
    const disk = this.#asked(member, request);
    this.deeds.push(`set aside ${member}`);
    const pod = this.#processes.find((each) => each.disk === disk)?.pod;
    this.#halted.delete(pod?.metadata?.uid ?? '');
    this.disks.format(disk);
  }

  /** Whom a recovery asks, unless it refuses. */
  #asked(member: string, { clusterId }: SetAsideRequest): Disk {
    this.objects.changing();
    const process = this.#reached(member);
    if (process === undefined) throw new SynodError('NO_MEMBER');
    const { disk } = process;
    if (disk.first?.clusterId !== clusterId) throw new SynodError('ANOTHER_CLUSTER');
    if (isUnfit(this.#roleOf(process))) return disk;
    if (this.#paxosOf(disk)?.leader !== undefined) throw new SynodError('HAS_LEADER');
    return disk;
  }

  get #hasNats(): boolean {
    return this.natsUp && !this.isCutOff && !this.cluster.spec.nats.url.includes('bad');
  }

  #isConnected(pod: V1Pod): boolean {
    const url = pod.spec?.containers[0]?.env?.find(({ name }) => name === 'SYNOD_NATS_URL')?.value;
    return this.natsUp && !this.cutOff.has(pod.metadata?.name ?? '') && !url?.includes('bad');
  }

  /** Whom a message over NATS comes to. */
  #reached(member: string): Process | undefined {
    if (!this.#hasNats) return undefined;
    const found = this.#processes.find(({ disk }) => disk.id === member);
    return found !== undefined && this.#isConnected(found.pod) ? found : undefined;
  }

  get #processes(): Process[] {
    return this.pods.flatMap((pod) => {
      const volume = this.volumeOf(ordinalOf('c', pod.metadata?.name) ?? -1);
      const isHung = this.#hung.has(pod.metadata?.uid ?? '');
      const runs = pod.status?.podIP !== undefined && this.kubernetes.isUp(pod) && !isHung;
      return runs && volume !== undefined ? [{ pod, disk: volume.disk }] : [];
    });
  }

  /** In the order of their names. */
  #overNats(): MemberStatus[] {
    const statuses = this.#processes
      .filter(({ pod }) => this.#isConnected(pod))
      .map((process) => this.#statusOf(process));
    return statuses.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #isReady({ pod, disk }: Process): boolean {
    const hasCaughtUp = disk.hasCaughtUp && !this.learning.has(disk.id) && !isUnready(pod);
    return hasCaughtUp && this.#hearsLeader({ pod, disk });
  }

  /** Who hears none serves nobody; one that no configuration names need not hear any. */
  #hearsLeader({ pod, disk }: Process): boolean {
    const { newest, leader } = this.#paxosOf(disk) ?? {};
    const isNamed = [newest?.voters, newest?.learners].some((ids) => ids?.includes(disk.id));
    return !isNamed || (leader !== undefined && this.#isConnected(pod));
  }

  #statusOf(process: Process): MemberStatus {
    const { pod, disk } = process;
    const haltedBy = this.#halted.get(pod.metadata?.uid ?? '') ?? null;
    const paxos = this.#paxosOf(disk);
    const { number = 0, voters = [], learners = [] } = paxos?.newest ?? {};
    const { slot, bytes } = this.learning.get(disk.id) ?? { slot: disk.hasCaughtUp ? SLOTS : 0 };
    return {
      cluster: 'c',
      namespace: 'n',
      clusterId: disk.first?.clusterId ?? null,
      firstConfiguration: disk.first,
      snapshot: this.#snapshotOf(pod),
      name: pod.metadata?.name ?? '',
      member: disk.id,
      version: pod.spec?.containers[0]?.image ?? '',
      machine: this.machines.get(pod.metadata?.name ?? '') ?? 'chat-log',
      machineVersion: disk.first === null ? 0 : 1,
      newestMachineVersion: 1,
      mode: 'stable',
      role: this.#roleOf(process),
      haltedBy,
      ready: this.#isReady(process) && !isUnfit(this.#roleOf(process)),
      ballot: paxos?.leader === undefined ? 'none' : `${number}.${paxos.leader}`,
      leader: paxos?.leader ?? null,
      configuration: number,
      voters: disk.first === null ? [] : voters,
      learners: disk.first === null ? [] : learners,
      unheard: paxos?.leader === disk.id ? this.#unheardNow() : [],
      window: disk.first === null ? 0 : WINDOW,
      slotOut: slot,
      flushedSlotOut: slot,
      floor: 0,
      operationsApplied: 0,
      natsConnected: this.#isConnected(pod),
      logBytes: 0,
      stateBytes: 0,
      incoming: bytes === undefined ? null : { from: 'other', bytes },
      uptimeSeconds: 100,
      alarms: [
        ...(disk.isDamaged ? ['A file is damaged.'] : []),
        ...(haltedBy === null ? [] : [`It halted because of a ${haltedBy}.`]),
        ...(disk.isStalled ? ['The disk takes more than a second for a write.'] : []),
      ],
      alarmCodes: [
        ...(disk.isDamaged ? (['damaged'] as const) : []),
        ...(haltedBy === null ? [] : (['halted'] as const)),
        ...(disk.isStalled ? (['disk-slow'] as const) : []),
      ],
    };
  }

  #roleOf({ pod, disk }: Process): MemberRole {
    if (disk.isDamaged) return 'damaged';
    if (this.#halted.has(pod.metadata?.uid ?? '')) return 'halted';
    const paxos = this.#paxosOf(disk);
    if (paxos === undefined) return 'unformed';
    if (paxos.leader === disk.id && !this.hasSteppedDown) return 'leader';
    if (paxos.newest.voters.includes(disk.id)) return 'follower';
    return paxos.newest.learners.includes(disk.id) ? 'learner' : 'outsider';
  }

  #paxosOf({ first }: Disk): Paxos | undefined {
    return first === null ? undefined : this.#clusters.get(first.clusterId);
  }

  #diskOf(id: string): Disk | undefined {
    return this.disks.volumes.find(({ disk }) => disk.id === id)?.disk;
  }

  readonly #isUp = (id: string): boolean =>
    this.#processes.some(
      (process) =>
        process.disk.id === id &&
        process.disk.first !== null &&
        !isUnfit(this.#roleOf(process)) &&
        !isUnready(process.pod) &&
        this.#isConnected(process.pod),
    );

  #elect(): void {
    for (const paxos of this.#clusters.values()) paxos.elect(this.#isUp);
  }

  /** Who leads notices whom it does not hear, from when it leads on. */
  #listen(): void {
    const { leader, newest } = this.paxos ?? {};
    if (leader !== this.#listener) this.#unheard.clear();
    this.#listener = leader;
    for (const id of [...(newest?.voters ?? []), ...(newest?.learners ?? [])]) {
      if (this.#isUp(id) && !this.#isNew(id)) this.#unheard.delete(id);
      else this.#unheard.set(id, this.#unheard.get(id) ?? this.#now);
    }
  }

  /** It has just started, and has said nothing yet. */
  #isNew(id: string): boolean {
    const pod = this.#processes.find(({ disk }) => disk.id === id)?.pod;
    const startedAt = pod?.status?.containerStatuses?.[0]?.state?.running?.startedAt;
    return startedAt?.getTime() === this.#now;
  }

  #unheardNow(): string[] {
    const isLong = (since: number): boolean => this.#now - since >= UNHEARD_MS;
    return [...this.#unheard].filter(([, since]) => isLong(since)).map(([id]) => id);
  }

  /** A quorum of the voters, or of those who are to be told, has its data yet. */
  #hasMajority(isThere = (id: string) => this.#diskOf(id)?.isDamaged === false): boolean {
    const map = this.objects.find('ConfigMap', 'c-first-configuration');
    const [text = ''] = Object.values(map?.data ?? {});
    const written = parseFirstConfiguration(text);
    const voters = this.paxos?.newest.voters ?? written?.members ?? [];
    const intact = voters.filter(isThere);
    return voters.length === 0 || intact.length >= Math.floor(voters.length / 2) + 1;
  }

  /** What somebody has deleted goes with the next stop of its pod. */
  #fate(): void {
    const claims = this.objects.all('PersistentVolumeClaim');
    const stays = claims.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
    const volumes = stays.map(({ spec }) => this.disks.find(spec?.volumeName));
    const isThere = (id: string) =>
      volumes.some((volume) => volume?.disk.id === id && !volume.disk.isDamaged);
    if (!this.#hasMajority(isThere)) this.isBeyondHelp = true;
  }

  /* What an operator must never do. */

  /** A voter goes because it is lost, or because the cluster is to be smaller and is well. */
  #dismissing(id: string): void {
    const places = this.objects.all('PersistentVolumeClaim').map(({ metadata, spec }) => ({
      ordinal: ordinalOf('c', metadata?.name) ?? 0,
      disk: this.disks.find(spec?.volumeName)?.disk,
    }));
    const place = places.find(({ disk }) => disk?.id === id);
    const isSaid = this.cluster.metadata.annotations?.[LOST]?.includes(id) === true;
    const said = this.#processes.find(({ disk }) => disk === place?.disk);
    const isUnfitNow = said !== undefined && isUnfit(this.#roleOf(said));
    if (place === undefined || isUnfitNow || isSaid) return;
    if (place.ordinal < this.cluster.spec.replicas) {
      this.violations.push(`member ${id} is removed, and is not lost`);
    } else if (!this.paxos?.newest.voters.every(this.#isUp)) {
      this.violations.push(`member ${id} is removed before another one is well`);
    }
  }

  #removing(kind: ObjectKind, name: string): void {
    this.deeds.push(`delete ${kind} ${name}`);
    const volume = this.volumeOf(ordinalOf('c', name) ?? -1);
    const id = volume?.disk.id ?? '';
    const { paxos } = this;
    const isCopy = this.disks.volumes.filter(({ disk }) => disk.id === id).length > 1;
    if (kind === 'PersistentVolumeClaim' && paxos?.names(id) === true && !isCopy) {
      this.violations.push(`the volume of member ${id} in ${name} is deleted`);
    }
    if (kind === 'PersistentVolumeClaim' && paxos?.isStillNeeded(id) === true) {
      this.violations.push(`the volume of ${id} is deleted before that is in force`);
    }
    if (kind === 'StatefulSet') this.#leaving();
    const runs = this.#processes.some(({ disk }) => disk.id === id && disk.first !== null);
    if (runs && !this.#hasNats) this.violations.push(`${name} is deleted without NATS`);
    if (kind !== 'Pod' || paxos === undefined) return;
    const claim = this.objects.find('PersistentVolumeClaim', `data-${name}`);
    if (claim?.metadata?.deletionTimestamp !== undefined && paxos.names(id) && !isCopy) {
      this.violations.push(`with pod ${name} goes the volume of member ${id}`);
    }
    const { voters } = paxos.newest;
    const up = voters.filter(this.#isUp);
    const left = up.filter((voter) => voter !== id);
    const isLoss = up.length >= paxos.quorum() && left.length < paxos.quorum();
    if (isLoss && voters.length > 2) this.violations.push(`without pod ${name} no quorum is up`);
  }

  /** What still hangs on a StatefulSet may go with it: who collects garbage may be late to hear. */
  #leaving(): void {
    for (const { metadata } of this.objects.all('PersistentVolumeClaim')) {
      if ((metadata?.ownerReferences ?? []).length === 0) continue;
      this.violations.push(`${metadata?.name ?? ''} hangs on the StatefulSet that is removed`);
    }
  }

  #applying({ kind, spec }: ModelObject): void {
    if (kind !== 'StatefulSet') return;
    const { replicas = 0 } = spec as { replicas?: number };
    const before = this.statefulSet?.spec?.replicas ?? replicas;
    if (replicas !== before) this.deeds.push(`scale ${before} to ${replicas}`);
    // Without a StatefulSet there may be pods all the same: the new one ends those that it has not.
    const ordinals = this.pods.map(({ metadata }) => ordinalOf('c', metadata?.name) ?? 0);
    for (let ordinal = replicas; ordinal <= Math.max(before - 1, ...ordinals); ordinal += 1) {
      const id = this.volumeOf(ordinal)?.disk.id ?? '';
      if (this.paxos?.names(id) === true) {
        this.violations.push(`with pod c-${ordinal} goes member ${id}`);
      }
    }
  }
}
