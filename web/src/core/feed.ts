// SPDX-License-Identifier: Apache-2.0
// The state of the live feed as values (web.md §4.3, §4.4). `apply(feed, message)` is pure: it says what to deliver and what
// to ask of the server; live.ts owns the socket and the timers.
export interface Stamp { src: number; in: number; out: number }
export interface LiveEvent { t: 'ev'; seq: number; prev?: number; k: string; ids?: string[]; d: unknown; ts: Stamp }
export type ServerMessage =
  | { t: 'welcome'; epoch: string; seq: number; now: number; hb?: number; window?: number; keep?: number }
  | { t: 'resumed'; from: number; to: number }
  | { t: 'reset'; id?: number; why: string }
  | { t: 'snap'; id: number; seq: number; part?: [number, number]; rows: unknown[] }
  | LiveEvent
  | { t: 'st'; id: number; n?: number; up?: unknown[]; rm?: number[]; d?: unknown }
  | { t: 'lag'; id?: number; merged?: number; every: number }
  | { t: 'ping'; n: number; now: number }
  | { t: 'here'; n: number; subject: string; people: { id: string; person: string }[] }
  | { t: 'sys'; mode: string; parts?: Record<string, string> }
  | { t: 'err'; id?: number; code: string; msg: string };

export interface Feed {
  epoch: string | null;
  seq: number;              // last event delivered
  held: LiveEvent[];        // events beyond a gap, ascending, waiting for the missing ones
  asked: number;            // seq after which the missing events were asked for; -1: not asked
  sparse: boolean;          // the server skips numbers (scope, other topics): a gap by number alone means nothing
}

export interface Outcome {
  feed: Feed;
  deliver: LiveEvent[];
  gap: boolean;             // start the 300 ms timer, then call `overdue`
  snapshot: boolean;        // history is gone or another: fetch everything again and diff
}

export const kNoFeed: Feed = { epoch: null, seq: 0, held: [], asked: -1, sparse: false };
const kMostHeld = 5000;

function outcome(feed: Feed, more: Partial<Outcome> = {}): Outcome {
  return { feed, deliver: [], gap: false, snapshot: false, ...more };
}

function on_event(feed: Feed, event: LiveEvent): Outcome {
  if (event.seq <= feed.seq) return outcome(feed, { gap: feed.held.length > 0 });  // a duplicate does nothing
  const follows = event.prev !== undefined ? event.prev <= feed.seq : feed.sparse || event.seq === feed.seq + 1;
  if (!follows) {
    if (feed.held.length >= kMostHeld) return outcome({ ...feed, held: [], asked: -1 }, { snapshot: true });
    const held = feed.held.some((one) => one.seq === event.seq)
      ? feed.held
      : [...feed.held, event].sort((a, b) => a.seq - b.seq);
    return outcome({ ...feed, held }, { gap: true });
  }
  return drain({ ...feed, seq: event.seq }, [event]);
}

// Delivers what is held as far as it follows without a hole.
function drain(feed: Feed, deliver: LiveEvent[]): Outcome {
  let { seq } = feed;
  const held = [...feed.held];
  while (held.length) {
    const next = held[0]!;
    if (next.seq > seq) {
      const follows = next.prev !== undefined ? next.prev <= seq : next.seq === seq + 1;
      if (!follows) break;
      deliver.push(next);
      seq = next.seq;
    }
    held.shift();
  }
  return outcome({ ...feed, seq, held, asked: held.length ? feed.asked : -1 }, { deliver, gap: held.length > 0 });
}

// The gap timer ran out. First time: ask for what is missing (`from`). Second time: there was nothing missing, the numbers
// are sparse; what is held goes out in order.
export function overdue(feed: Feed): Outcome & { ask: number | null } {
  if (!feed.held.length) return { ...outcome(feed), ask: null };
  if (feed.asked !== feed.seq) return { ...outcome({ ...feed, asked: feed.seq }, { gap: true }), ask: feed.seq };
  return { ...release(feed), ask: null };
}

function release(feed: Feed): Outcome {
  const deliver = feed.held.filter((event) => event.seq > feed.seq);
  const seq = deliver.at(-1)?.seq ?? feed.seq;
  return outcome({ ...feed, seq, held: [], asked: -1, sparse: true }, { deliver });
}

export function apply(feed: Feed, message: ServerMessage): Outcome {
  switch (message.t) {
    case 'welcome':
      if (feed.epoch === message.epoch) return outcome(feed);
      return outcome({ ...kNoFeed, epoch: message.epoch, seq: message.seq }, { snapshot: true });
    case 'resumed':
      // The missing events come as ordinary ones, before or after this word; the gap timer settles what is held.
      return outcome(feed, { gap: feed.held.length > 0 });
    case 'reset':
      if (message.id !== undefined) return outcome(feed);
      return outcome({ ...feed, held: [], asked: -1, seq: message.why === 'epoch' ? 0 : feed.seq }, { snapshot: true });
    case 'ev':
      return on_event(feed, message);
    default:
      return outcome(feed);
  }
}
