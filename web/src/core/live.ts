// SPDX-License-Identifier: Apache-2.0
// The live socket (web.md §4): ticket, hello, subscriptions, resume, heartbeat, acks, back-off. Nothing else opens a
// WebSocket. Pages subscribe with `subscribe` and hear events with `on_event`; missing events never reach them.
import { computed, shallowRef } from 'vue';
import { post, Problem } from './api';
import { heard_server_time, server_now } from './clock';
import { apply, kNoFeed, overdue, type Feed, type LiveEvent, type Outcome, type ServerMessage } from './feed';
import { metrics } from './metrics';
import { uuid } from './random';

export type LinkState = 'connecting' | 'live' | 'down';
type StateHandler = (up: unknown, removed: number[]) => void;
interface Subscription {
  id: number;
  topic: string;
  q?: unknown;
  on_state?: StateHandler;
  on_rows?: (rows: unknown[]) => void;
}

const kGapWait = 300;
const kShowDown = 3000;
const kFirstWait = 500;
const kMostWait = 15_000;
const kAckEvery = 200;

export const link = shallowRef<LinkState>('connecting');
export const down_since = shallowRef<number | null>(null);   // server time; null while live
export const attempts = shallowRef(0);
export const parts = shallowRef<{ mode: string; parts: Record<string, string> }>({ mode: 'normal', parts: {} });
export const is_down = computed(() => link.value === 'down');

let socket: WebSocket | null = null;
let feed: Feed = kNoFeed;
let next_id = 1;
let started = false;
let silence_timer: ReturnType<typeof setTimeout> | undefined;
let retry_timer: ReturnType<typeof setTimeout> | undefined;
let gap_timer: ReturnType<typeof setTimeout> | undefined;
let ack_timer: ReturnType<typeof setTimeout> | undefined;
let show_timer: ReturnType<typeof setTimeout> | undefined;
let heartbeat = 10_000;
let unacked = 0;
let last_out = 0;
const tab = uuid();
const subscriptions = new Map<number, Subscription>();
const event_handlers = new Set<(event: LiveEvent) => void>();
const snapshot_handlers = new Set<() => void>();

export function on_event(handler: (event: LiveEvent) => void): () => void {
  event_handlers.add(handler);
  return () => event_handlers.delete(handler);
}

// Called after connecting for the first time and whenever history is gone: fetch everything again and diff.
export function on_snapshot(handler: () => void): () => void {
  snapshot_handlers.add(handler);
  return () => snapshot_handlers.delete(handler);
}

export function subscribe(topic: string, options: Pick<Subscription, 'q' | 'on_state' | 'on_rows'> = {}): {
  modify: (q: unknown) => void;
  end: () => void;
} {
  const one: Subscription = { id: next_id++, topic, ...options };
  subscriptions.set(one.id, one);
  tell_subscription(one);
  return {
    modify(q) {
      one.q = q;
      tell({ t: 'mod', id: one.id, q });
    },
    end() {
      subscriptions.delete(one.id);
      tell({ t: 'unsub', id: one.id });
    },
  };
}

// Which case this page stands at; told again after every reconnect. `on_here`: who stands there.
type Here = Extract<ServerMessage, { t: 'here' }>;
const here_handlers = new Set<(heard: Here) => void>();
let standing = '';
export function stand_at(subject: string | null): void {
  standing = subject ?? '';
  tell({ t: 'here', subject: standing });
}
export function on_here(handler: (heard: Here) => void): () => void {
  here_handlers.add(handler);
  return () => here_handlers.delete(handler);
}

export function start(): void {
  if (started) return;
  started = true;
  window.addEventListener('online', hurry);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) hurry();
  });
  void connect();
}

export function last_seq(): { epoch: string | null; seq: number } {
  return { epoch: feed.epoch, seq: feed.seq };
}

// For tests of what a person sees: drops the socket as a broken network would.
export function drop_link(): void {
  socket?.close();
}

function hurry(): void {
  if (link.value !== 'live' && !socket) {
    clearTimeout(retry_timer);
    void connect();
  }
}

async function connect(): Promise<void> {
  clearTimeout(retry_timer);
  try {
    const { ticket } = await post<{ ticket: string }>('/live/ticket');
    open(ticket);
  } catch (error) {
    if (error instanceof Problem && error.status === 403) return;
    later();
  }
}

function open(ticket: string): void {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const opened = new WebSocket(`${scheme}://${location.host}/api/v1/live`, 'city.v1');
  socket = opened;
  opened.onopen = () => {
    const resume = feed.epoch ? { resume: { epoch: feed.epoch, seq: feed.seq } } : {};
    tell({ t: 'hello', v: 1, ticket, tab, ...resume, caps: [] });
    listen_for_silence();
  };
  opened.onmessage = (message) => {
    if (socket === opened && typeof message.data === 'string') hear(message.data);
  };
  opened.onclose = () => {
    if (socket === opened) lost();
  };
  opened.onerror = () => opened.close();
}

function lost(): void {
  socket = null;
  clearTimeout(silence_timer);
  clearTimeout(gap_timer);
  gap_timer = undefined;
  metrics.count('reconnects');
  later();
}

function later(): void {
  down_since.value ??= server_now();
  show_timer ??= setTimeout(() => (link.value = 'down'), link.value === 'connecting' ? 0 : kShowDown);
  const wait = Math.min(kMostWait, kFirstWait * 2 ** attempts.value) * (0.7 + Math.random() * 0.6);
  attempts.value += 1;
  clearTimeout(retry_timer);
  retry_timer = setTimeout(() => void connect(), wait);
}

// Two heartbeats without a word: the line is dead even if the socket does not know it.
function listen_for_silence(): void {
  clearTimeout(silence_timer);
  silence_timer = setTimeout(() => {
    const dead = socket;
    if (!dead) return;
    dead.onclose = null;
    dead.close();
    lost();
  }, heartbeat * 2 + 1000);
}

function tell(message: unknown): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function tell_subscription(one: Subscription, from?: number): void {
  const q = one.q === undefined ? {} : { q: one.q };
  tell({ t: 'sub', id: one.id, topic: one.topic, ...q, ...(from === undefined ? {} : { from }) });
}

const is_state_topic = (topic: string): boolean => /^(kpi$|layer:|track:|obj:)/.test(topic);

function hear(text: string): void {
  listen_for_silence();
  let message: ServerMessage;
  try {
    message = JSON.parse(text) as ServerMessage;
  } catch {
    metrics.count('bad_messages');
    return;
  }
  if (message.t === 'welcome') welcomed(message);
  else if (message.t === 'ping') {
    heard_server_time(message.now);
    tell({ t: 'pong', n: message.n });
  } else if (message.t === 'st') {
    const one = subscriptions.get(message.id);
    one?.on_state?.(message.d ?? message.up, message.rm ?? []);
  } else if (message.t === 'snap') {
    subscriptions.get(message.id)?.on_rows?.(message.rows);
  } else if (message.t === 'sys') {
    parts.value = { mode: message.mode, parts: message.parts ?? {} };
  } else if (message.t === 'here') {
    for (const handler of here_handlers) handler(message);
  } else if (message.t === 'err') {
    metrics.count('live_errors');
  }
  settle(apply(feed, message));
}

function welcomed(message: { epoch: string; seq: number; now: number; hb?: number }): void {
  heard_server_time(message.now);
  heartbeat = message.hb ?? heartbeat;
  const resuming = feed.epoch === message.epoch;
  for (const one of subscriptions.values()) {
    tell_subscription(one, resuming && !is_state_topic(one.topic) ? feed.seq : undefined);
  }
  if (standing) stand_at(standing);
  attempts.value = 0;
  clearTimeout(show_timer);
  show_timer = undefined;
  down_since.value = null;
  link.value = 'live';
}

function settle(done: Outcome): void {
  feed = done.feed;
  if (done.gap) {
    gap_timer ??= setTimeout(gap_is_overdue, kGapWait);
  } else if (gap_timer !== undefined) {
    clearTimeout(gap_timer);
    gap_timer = undefined;
  }
  if (done.snapshot) {
    metrics.count('resets');
    for (const handler of snapshot_handlers) handler();
  }
  for (const event of done.deliver) {
    last_out = event.ts?.out ?? last_out;
    for (const handler of event_handlers) handler(event);
  }
  if (done.deliver.length) acknowledge(done.deliver.length);
}

function gap_is_overdue(): void {
  gap_timer = undefined;
  metrics.count('gaps');
  const done = overdue(feed);
  if (done.ask !== null) {
    for (const one of subscriptions.values()) if (!is_state_topic(one.topic)) tell_subscription(one, done.ask);
  }
  settle(done);
}

function acknowledge(n: number): void {
  unacked += n;
  if (unacked >= 64) return flush_ack();
  ack_timer ??= setTimeout(flush_ack, kAckEvery);
}

function flush_ack(): void {
  clearTimeout(ack_timer);
  ack_timer = undefined;
  unacked = 0;
  tell({ t: 'ack', seq: feed.seq, lag: Math.max(0, Math.round(server_now() - last_out)) });
}

export function seconds_down(now: number): number {
  return down_since.value === null ? 0 : Math.max(0, Math.round((now - down_since.value) / 1000));
}
