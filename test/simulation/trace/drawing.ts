import { formatBallot, type Ballot } from '../../../node/src/paxos/ballot.ts';
import type { LogRecord } from '../../../node/src/paxos/effects.ts';
import type { Message } from '../../../node/src/paxos/messages.ts';
import type { Plan } from '../plan.ts';
import { TimeAxis } from './axis.ts';
import { styles, BALLOT_COLOURS } from './styles.ts';
import type { Trace, TraceEvent } from './trace.ts';
import { saying } from './transcript.ts';

const LEFT = 150;
const LANE = 230;
const TOP = 64;
const BOTTOM = 40;

/**
 * A run as a space–time diagram in SVG: time goes down, a lane a member (and one for the clients),
 * an arrow a message in the colour of its ballot, marks for what is written, decided and applied.
 */
export function drawing({ events }: Trace, plan: Pick<Plan, 'members'>): string {
  return new Drawing(events, plan.members).svg();
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** How far above the line its label stands. */
const LIFT = 4;

class Drawing {
  readonly #events: readonly TraceEvent[];
  readonly #lanes: readonly string[];
  readonly #axis: TimeAxis;
  readonly #ballots = new Map<string, number>();
  /** Labels beside a lane at one height: they go below one another. */
  readonly #labels = new Map<string, number>();
  /** To which sides arrows leave a lane at one height: labels beside it avoid them. */
  readonly #leaving = new Map<string, Set<number>>();
  /** Labels of arrows that are there already: a message to several members is labelled once. */
  readonly #told = new Set<string>();

  constructor(events: readonly TraceEvent[], members: number) {
    this.#events = events;
    this.#lanes = ['clients', ...Array.from({ length: members }, (_, i) => `n${i}`)];
    this.#axis = new TimeAxis(events, TOP);
    for (const event of events) {
      if (!('arrivesAt' in event)) continue;
      const sides = this.#leaving.get(this.#place(event)) ?? new Set();
      sides.add(Math.sign(this.#x(event.to) - this.#x(event.from)));
      this.#leaving.set(this.#place(event), sides);
    }
  }

  #place({ from, at }: { readonly from: string; readonly at: number }): string {
    return `${from} ${this.#axis.at(at)}`;
  }

  svg(): string {
    const width = LEFT + (this.#lanes.length - 1) * LANE + 150;
    const height = this.#axis.end + BOTTOM;
    const marks = this.#events.map((event) => this.#event(event));
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
        `width="${width}" height="${height}" role="img" aria-label="space–time diagram">`,
      `<style>${styles}</style>`,
      '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" ' +
        'markerHeight="8" orient="auto"><path d="M0 1 8 4 0 7z" fill="context-stroke"/></marker></defs>',
      `<rect class="paper" width="${width}" height="${height}"/>`,
      ...this.#lanes.map((lane) => this.#lane(lane)),
      ...marks,
      '</svg>\n',
    ].join('\n');
  }

  /** The life of a member: a line while it runs, thick while it leads. */
  #lane(lane: string): string {
    const x = this.#x(lane);
    const parts = [`<text class="name" x="${x}" y="28">${lane}</text>`];
    const own = this.#events.filter((event) => 'member' in event && event.member === lane);
    const changes = own.filter(({ type }) => ['start', 'end', 'lead'].includes(type));
    let from = TOP - 20;
    let kind = changes[0]?.type === 'start' ? undefined : 'alive';
    for (const change of changes) {
      const y = this.#axis.at(change.at);
      if (kind !== undefined) parts.push(line(kind, x, from, y));
      from = y;
      if (change.type === 'start') kind = 'alive';
      if (change.type === 'end') kind = undefined;
      if (change.type === 'lead') {
        kind = change.ballot ? `alive leads ${this.#colour(change.ballot)}` : 'alive';
      }
    }
    if (kind !== undefined) parts.push(line(kind, x, from, this.#axis.end + 16));
    return parts.join('\n');
  }

  #event(event: TraceEvent): string {
    const y = this.#axis.at(event.at);
    switch (event.type) {
      case 'frame':
        return this.#frame(event);
      case 'call':
        return this.#arrow(event, `${clientOf(event)} ${event.label}`, 'call', 'k-client');
      case 'fault':
        return this.#fault(event, y);
      case 'persist':
        return event.records.map((record) => this.#written(event.member, y, record)).join('\n');
      case 'decide': {
        const x = this.#x(event.member);
        const diamond = `<path class="decide" d="M${x} ${y - 7}l7 7-7 7-7-7z"/>`;
        return diamond + this.#beside(event.member, y, `slot ${event.slot} is decided`, 'strong');
      }
      case 'apply': {
        const circle = `<circle class="apply" cx="${this.#x(event.member)}" cy="${y}" r="3.5"/>`;
        const label = this.#beside(event.member, y, `applies ${event.slot}`, '');
        return `<g class="k-apply">${circle}${label}</g>`;
      }
      case 'lead':
        if (event.ballot === undefined) return this.#beside(event.member, y, 'yields', 'strong');
        return this.#beside(event.member, y, `leads at ${formatBallot(event.ballot)}`, 'strong');
      case 'start':
        return this.#beside(event.member, y, 'starts', '');
      case 'end':
        return cross(this.#x(event.member), y, 7) + this.#beside(event.member, y, event.why, '');
      case 'failure':
        return `<text class="failure" x="12" y="${y + 22}">${escape(event.message)}</text>`;
      default:
        return event satisfies never;
    }
  }

  #frame(event: TraceEvent & { type: 'frame' }): string {
    const ballot = event.messages.map(ballotOf).find((each) => each !== undefined);
    const colour = ballot === undefined ? 'no-ballot' : this.#colour(ballot);
    const kinds = new Set(event.messages.map(kindOf));
    const [kind = ''] = kinds.size === 1 ? kinds : ['k-mixed'];
    return this.#arrow(event, event.messages.map(saying).join(' · '), colour, kind);
  }

  #arrow(
    event: TraceEvent & { type: 'frame' | 'call' },
    label: string,
    colour: string,
    kind: string,
  ): string {
    const [x1, x2] = [this.#x(event.from), this.#x(event.to)];
    const y1 = this.#axis.at(event.at);
    const lost = event.arrivesAt.length === 0;
    const lines = event.arrivesAt.map((at) => {
      const y2 = this.#axis.at(at);
      return `<line class="${colour}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" marker-end="url(#tip)"/>`;
    });
    const stub = x1 + Math.sign(x2 - x1) * 60;
    if (lost) {
      lines.push(`<line class="${colour}" x1="${x1}" y1="${y1}" x2="${stub}" y2="${y1 + 8}"/>`);
      lines.push(cross(stub, y1 + 8, 4));
    }
    const anchor = x2 > x1 ? 'start' : 'end';
    const x = x1 + Math.sign(x2 - x1) * 12;
    const end = lost
      ? { x: stub, y: y1 + 8 }
      : { x: x2, y: this.#axis.at(event.arrivesAt[0] ?? 0) };
    const slope = (Math.atan((end.y - y1) / (end.x - x1)) * 180) / Math.PI;
    const told = `${this.#place(event)} ${label} ${anchor}`;
    const text =
      !this.#told.has(told) &&
      `<text class="label ${colour}" text-anchor="${anchor}" x="${x}" y="${y1 - LIFT}" ` +
        `transform="rotate(${slope.toFixed(1)} ${x1} ${y1})">${escape(label)}</text>`;
    this.#told.add(told);
    return `<g class="message ${kind}">${lines.join('')}${text || ''}</g>`;
  }

  #fault({ fault, members }: TraceEvent & { type: 'fault' }, y: number): string {
    const text = `${fault.kind} ${members.join(' ')}`;
    return (
      `<line class="fault" x1="0" y1="${y}" x2="100%" y2="${y}"/>` +
      `<text class="fault" x="12" y="${y - 5}">⚡ ${escape(text)}</text>`
    );
  }

  #written(member: string, y: number, record: LogRecord): string {
    const x = this.#x(member);
    const ballot = 'ballot' in record ? this.#colour(record.ballot) : 'no-ballot';
    const square = `<rect class="${ballot} write" x="${x - 4}" y="${y - 4}" width="8" height="8"/>`;
    const text = 'slot' in record ? `${record.type} ${record.slot}` : record.type;
    return `<g class="k-persist">${square}${this.#beside(member, y, `${text} on disk`, 'quiet')}</g>`;
  }

  /** A label beside a lane, next to those that are there already. */
  #beside(lane: string, y: number, text: string, kind: string): string {
    const key = `${lane} ${y}`;
    const row = this.#labels.get(key) ?? 0;
    this.#labels.set(key, row + 1);
    const sides = this.#leaving.get(key);
    const left = sides?.size === 1 && sides.has(1);
    const x = this.#x(lane) + (left ? -11 : 11);
    const anchor = left ? ' text-anchor="end"' : '';
    const top = sides?.size === 2 ? y - LIFT - 11 - row * 11 : y + 3.5 + row * 11;
    return `<text class="label ${kind}" x="${x}" y="${top}"${anchor}>${escape(text)}</text>`;
  }

  #x(lane: string): number {
    return LEFT + Math.max(0, this.#lanes.indexOf(lane)) * LANE;
  }

  /** Ballots have colours in the order in which they appear. */
  #colour(ballot: Ballot): string {
    const key = formatBallot(ballot);
    const number = this.#ballots.get(key) ?? this.#ballots.size;
    this.#ballots.set(key, number);
    return `b${number % BALLOT_COLOURS}`;
  }
}

function line(kind: string, x: number, from: number, to: number): string {
  return `<line class="${kind}" x1="${x}" y1="${from}" x2="${x}" y2="${to}"/>`;
}

function cross(x: number, y: number, size: number): string {
  const d = `M${x - size} ${y - size}l${2 * size} ${2 * size}m0 ${-2 * size}l${-2 * size} ${2 * size}`;
  return `<path class="cross" d="${d}"/>`;
}

function clientOf({ from, to }: { readonly from: string; readonly to: string }): string {
  return from.startsWith('c') ? from : to;
}

function ballotOf(message: Message): Ballot | undefined {
  return 'ballot' in message ? message.ballot : undefined;
}

/** What can be hidden together. */
function kindOf({ type }: Message): string {
  if (type === 'heartbeat' || type === 'alive') return 'k-heartbeat';
  if (/^(learn|learned|floor|fetch|chunk)$/.test(type)) return 'k-learn';
  return 'k-paxos';
}
