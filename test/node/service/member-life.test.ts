import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import {
  MemberLife,
  type LifeData,
  type LifePorts,
  type Run,
  type TellRefusal,
} from '../../../node/src/service/member-life.ts';
import { HaltError } from '../../../node/src/service/halt-error.ts';
import { DamageError } from '../../../node/src/storage/damage.ts';
import { LostFileError } from '../../../node/src/storage/kept-files.ts';
import type { MemberStorage } from '../../../node/src/storage/member-storage.ts';
import { STATE_FILE } from '../../../node/src/storage/state-files.ts';

const first: FirstConfiguration = { clusterId: 'c', members: ['n0'], window: 64 };
const stateDamage = new DamageError(STATE_FILE, 'its facts', 'they are missing');
const logDamage = new DamageError('log', 'its end', 'it is missing');

/** A disk that a test closes when it likes; all that is done to it and to runs is written down. */
class Disk implements LifeData {
  first: FirstConfiguration | undefined;
  isToRestore = false;
  refusal: TellRefusal | undefined;
  /** Thrown by the next opening. */
  damage: Error | undefined;
  isOpen = false;
  readonly #did: string[];

  constructor(did: string[]) {
    this.#did = did;
  }

  get storage(): MemberStorage | undefined {
    return this.isOpen ? ({} as MemberStorage) : undefined;
  }

  open(): void {
    this.#did.push('open');
    const { damage } = this;
    this.damage = undefined;
    if (damage !== undefined) throw damage;
    this.isOpen = this.first !== undefined;
  }

  refusalOf(): TellRefusal | undefined {
    return this.refusal;
  }

  tell(told: FirstConfiguration): void {
    this.first = told;
    this.open();
  }

  setAside(): void {
    this.#did.push('set aside');
  }
}

let did: string[];
let disk: Disk;
let life: MemberLife<Run>;
/** What the disk was asked to do, and has not done yet. */
let pending: ((error?: Error) => void)[];

function made(renewsState = true): MemberLife<Run> {
  const run: Run = {
    heard: { n1: { incarnation: { count: 3, random: 7 }, sequence: 9 } },
    fail: (error) => did.push(`fail: ${error.message}`),
    cease: () => did.push('cease'),
    end: () => did.push('end'),
  };
  const ports: LifePorts<Run> = {
    data: disk,
    renewsState,
    restore: (done) => pending.push(done),
    close: (heard, done) => {
      disk.isOpen = false;
      did.push(`close, heard ${Object.keys(heard ?? {}).join()}`);
      pending.push(done);
    },
    run: () => {
      did.push('run');
      return run;
    },
    refused: ({ code }) => did.push(`refused: ${code}`),
    halted: (error) => did.push(`halted: ${error.message}`),
    fatal: (error) => did.push(`fatal: ${error.message}`),
  };
  return new MemberLife(ports);
}

/** What was done since the last look. */
function looked(): string[] {
  return did.splice(0);
}

function finish(error?: Error): void {
  pending.shift()?.(error);
}

beforeEach(() => {
  did = [];
  pending = [];
  disk = new Disk(did);
  life = made();
});

/** A member that was told its cluster, and runs. */
function running(): void {
  disk.first = first;
  life.open();
  life.begin();
  looked();
}

describe('a member that is told its cluster', () => {
  test('runs from then on; the same again is well, another one is not', () => {
    life.open();
    life.begin();
    expect(looked()).toEqual(['open']);
    expect(life.form(first)).toEqual({ ok: true, clusterId: 'c' });
    expect(looked()).toEqual(['open', 'run']);
    expect(life.form({ ...first })).toEqual({ ok: true, clusterId: 'c' });
    const another = { ...first, clusterId: 'other' };
    expect(life.form(another)).toEqual({ ok: false, code: 'ANOTHER_CLUSTER' });
    expect(looked()).toEqual([]);
  });

  test('says why not, and begins nothing', () => {
    life.open();
    disk.refusal = { code: 'OLD_MACHINE', message: 'too old' };
    expect(life.form(first)).toEqual({ ok: false, code: 'OLD_MACHINE' });
    expect(looked()).toEqual(['open', 'refused: OLD_MACHINE']);
    expect(life.running).toBeUndefined();
  });

  test('with data that is damaged has no roles, now and when it is told again', () => {
    life.open();
    disk.damage = logDamage;
    expect(life.form(first)).toEqual({ ok: false, code: 'DAMAGED' });
    expect(looked()).toEqual(['open', 'open', `halted: ${logDamage.message}`]);
    disk.first = undefined;
    expect(life.form(first)).toEqual({ ok: false, code: 'DAMAGED' });
    expect(life.fault).toBe(logDamage);
  });

  test('and holds a snapshot runs once its state is made of that', () => {
    disk.first = first;
    disk.isToRestore = true;
    life.begin();
    expect(looked()).toEqual([]);
    disk.isOpen = true;
    finish();
    expect(looked()).toEqual(['run']);
  });

  test('and holds a damaged snapshot has no roles', () => {
    disk.first = first;
    disk.isToRestore = true;
    life.begin();
    finish(logDamage);
    expect(looked()).toEqual([`halted: ${logDamage.message}`]);
  });
});

describe('a member that runs', () => {
  beforeEach(running);

  test("goes on from another member's state once its files are closed", () => {
    life.tookState();
    expect(looked()).toEqual(['end', 'close, heard n1']);
    expect(life.running).toBeUndefined();
    finish();
    expect(looked()).toEqual(['open', 'run']);
  });

  test('begins anew without a state that is damaged, once its files are closed', () => {
    life.failed(stateDamage);
    expect(looked()).toEqual(['end', 'close, heard n1']);
    finish();
    expect(looked()).toEqual(['set aside', 'open', 'run']);
    expect(life.fault).toBeUndefined();
  });

  test('on demand keeps a damaged state, and has no roles', () => {
    life = made(false);
    running();
    life.failed(stateDamage);
    expect(looked()).toEqual([`halted: ${stateDamage.message}`, 'cease']);
  });

  test('has no roles with a damaged log, and can still be looked at', () => {
    life.failed(logDamage);
    expect(looked()).toEqual([`halted: ${logDamage.message}`, 'cease']);
    expect(life.running).toBeDefined();
  });

  test('without the file of its state has no roles: the file is open, and is not set aside', () => {
    life.failed(new LostFileError({ file: STATE_FILE, what: 'it is missing' }));
    expect(looked()).toEqual([expect.stringContaining('halted: '), 'cease']);
  });

  test('has no roles when a person has to look', () => {
    life.failed(new HaltError('dissent', 'histories differ'));
    expect(looked()).toEqual(['halted: histories differ', 'cease']);
  });

  test('ends with its process at any other error', () => {
    life.failed(new Error('EIO'));
    expect(looked()).toEqual(['fatal: EIO']);
  });

  test('stops before what is wrong with its files is acted on', () => {
    life.fail(logDamage);
    expect(looked()).toEqual([`fail: ${logDamage.message}`]);
  });
});

describe('while its files are closed', () => {
  beforeEach(() => {
    running();
    life.tookState();
    looked();
  });

  test('a member that is to stop waits for that, and does not begin again', () => {
    life.stop(() => did.push('ready'));
    expect(looked()).toEqual([]);
    finish();
    expect(looked()).toEqual(['ready']);
    expect(life.running).toBeUndefined();
  });

  test('a fault that is found stays: it gets no roles', () => {
    life.fail(logDamage);
    expect(looked()).toEqual([`halted: ${logDamage.message}`]);
    finish();
    expect(looked()).toEqual([]);
    expect(life.fault).toBe(logDamage);
  });

  test('nothing is closed a second time', () => {
    life.failed(stateDamage);
    life.tookState();
    expect(looked()).toEqual([]);
    finish();
    expect(looked()).toEqual(['open', 'run']);
  });

  test('whoever else wants it to stop waits, too', () => {
    life.stop(() => did.push('ready'));
    life.stop(() => did.push('ready, too'));
    finish();
    expect(looked()).toEqual(['ready', 'ready, too']);
  });

  test('what cannot be closed ends the process', () => {
    finish(new Error('EIO'));
    expect(looked()).toEqual(['fatal: EIO']);
  });

  test('damage that the next opening finds leaves it without roles', () => {
    disk.damage = logDamage;
    finish();
    expect(looked()).toEqual(['open', `halted: ${logDamage.message}`]);
    expect(life.running).toBeUndefined();
  });
});

describe('a member with a fault', () => {
  test('that its first opening found makes no state of the snapshot that it holds', () => {
    disk.first = first;
    disk.isToRestore = true;
    disk.damage = logDamage;
    life.open();
    life.begin();
    expect(looked()).toEqual(['open', `halted: ${logDamage.message}`]);
    expect(pending).toEqual([]);
  });

  test('that was found before it is connected gets no roles', () => {
    disk.first = first;
    life.open();
    life.fail(new LostFileError({ file: STATE_FILE, what: 'it is missing' }));
    looked();
    life.begin();
    expect(looked()).toEqual([]);
    expect(life.running).toBeUndefined();
  });

  test('keeps its files open, also when the state of another member was just taken', () => {
    running();
    life.failed(logDamage);
    looked();
    life.tookState();
    expect(looked()).toEqual([]);
  });
});

test('a member that stops keeps what it is told, for its next start', () => {
  life.open();
  life.stop(() => undefined);
  looked();
  expect(life.form(first)).toEqual({ ok: true, clusterId: 'c' });
  expect(looked()).toEqual(['open']);
  expect(life.running).toBeUndefined();
});

test('a member that stops begins nothing more', () => {
  running();
  life.stop(() => did.push('ready'));
  life.tookState();
  life.failed(stateDamage);
  expect(looked()).toEqual(['ready']);
});
