// SPDX-License-Identifier: Apache-2.0
// What a person did without a network: kept on the device with its own time, place and key, sent in order per case when the
// line is back, once. What is no longer possible, because the case moved on meanwhile, goes into the case as a comment with
// its photos, and the person is told. Nothing is dropped silently.
import { computed, shallowRef } from 'vue';
import { call, get, load_session, post, Problem, session } from './api';
import { server_now } from './clock';
import { device_store, type Store } from './device';
import { millis } from './format';
import { has_term, term } from './i18n/terms';
import { t } from './i18n/words';
import { digest_of, upload } from './photo';
import { uuid } from './random';
import type { Case, Offer } from './words';

export interface QueuedPhoto { blob: Blob; key: string; id?: string; digest?: string }
export interface FieldPlace { place: [number, number]; accuracy_m: number }
export interface Queued {
  id: string;                        // Idempotency-Key of the act
  kind: 'action' | 'report';
  by?: string;                       // whose it is; nobody else's session sends it
  case_no?: string;
  action?: string;
  title: string;
  body: Record<string, unknown>;
  photos: QueuedPhoto[];
  at: number;                        // when it was done; grows from one to the next
  here?: FieldPlace;                 // where
  done_at?: string;                  // `at` as it was first sent: a repeat is the same, byte for byte
  tried?: boolean;                   // it may have arrived already
  instead_of?: string;               // the act that was no longer possible, when this is the comment instead
  photos_sent?: number;
  state: 'waiting' | 'stuck' | 'told';   // stuck: the person decides; told: over, to be read
  code?: string;
  detail?: string;
}
export type Doing = Pick<Queued, 'kind' | 'case_no' | 'action' | 'title' | 'body' | 'here'> & { photos: Blob[] };

// The case went on without this act: others have it, or it is at another stage.
const kMoved = ['stage', 'unit', 'handler', 'area', 'role'];
class Moved extends Error {
  constructor(readonly code: string, readonly may_comment: boolean) {
    super(code);
  }
}

const everything = shallowRef<Queued[]>([]);
const is_mine = (one: Queued): boolean => !one.by || one.by === session.value?.user.name;
export const outbox = computed(() => everything.value.filter(is_mine));
export const of_others = computed(() => everything.value.filter((one) => !is_mine(one)));
export const waiting_count = computed(() => outbox.value.filter((one) => one.state !== 'told').length);
export const told = computed(() => outbox.value.filter((one) => one.state === 'told'));
export const sending = shallowRef<string | null>(null);
let store: Store = device_store;
let timer: ReturnType<typeof setTimeout> | undefined;
let wait = 2000;
const sent_handlers = new Set<(one: Queued) => void>();
export function on_sent(handler: (one: Queued) => void): () => void {
  sent_handlers.add(handler);
  return () => sent_handlers.delete(handler);
}

async function read_store(): Promise<void> {
  everything.value = (await store.all()).sort((a, b) => a.at - b.at);
}
export async function start_outbox(other?: Store): Promise<void> {
  if (other) store = other;
  await read_store().catch(() => undefined);
  if (typeof window !== 'undefined') window.addEventListener('online', () => void send_outbox());
  void send_outbox();
}

// Rejects when the device cannot keep it: the form stays, and says so.
export async function enqueue(doing: Doing): Promise<Queued> {
  const photos = await Promise.all(doing.photos.map(async (blob) => ({ blob, key: uuid(), digest: await digest_of(blob) })));
  const at = Math.max(Math.floor(server_now()), ...everything.value.map((one) => one.at + 1));
  const queued: Queued = { ...doing, id: uuid(), at, state: 'waiting', photos, ...(session.value ? { by: session.value.user.name } : {}) };
  await store.put(queued);
  everything.value = [...everything.value, queued];
  void send_outbox();
  return queued;
}

async function change(one: Queued): Promise<void> {
  await store.put(one);
  everything.value = everything.value.map((other) => (other.id === one.id ? one : other));
}
export async function discard(id: string): Promise<void> {
  await store.remove(id);
  everything.value = everything.value.filter((one) => one.id !== id);
}
export async function again(one: Queued): Promise<void> {
  const { code: _code, detail: _detail, done_at: _done_at, tried: _tried, ...rest } = one;
  await change({ ...rest, state: 'waiting' });
  await send_outbox();
}
export async function as_comment(one: Queued): Promise<void> {
  await change(instead(one, one.code ?? ''));
  await send_outbox();
}

const words_of = (one: Queued): string => [one.body['comment'], one.body['reason']].filter((text) => typeof text === 'string' && text).join('\n');
const has_evidence = (one: Queued): boolean => one.photos.length > 0 || words_of(one) !== '';
const why = (code: string): string => (has_term('why_not', code) ? term('why_not', code) : has_term('problem', code) ? term('problem', code) : code);
function instead(one: Queued, code: string): Queued {
  const { detail: _detail, done_at: _done_at, tried: _tried, ...rest } = one;
  const head = t('outbox_instead', { action: term('action', one.action ?? ''), why: why(code) });
  return { ...rest, state: 'waiting', action: 'comment', instead_of: one.action ?? '', code, body: { comment: [head, words_of(one)].filter(Boolean).join('\n') } };
}

async function send_photos(one: Queued): Promise<string[]> {
  const ids: string[] = [];
  for (const photo of one.photos) {
    if (!photo.id) {
      photo.id = await upload(photo.blob, photo.key);
      await store.put(one);
    }
    ids.push(photo.id);
  }
  return ids;
}
// From here on it may have arrived: a repeat must be the same, and must be recognised.
async function fix(one: Queued): Promise<void> {
  one.done_at ??= new Date(Math.min(one.at, Math.floor(server_now()))).toISOString();
  one.tried = true;
  await store.put(one);
}
function is_there(file: Case, one: Queued): boolean {
  const me = `user:${session.value?.user.name ?? ''}`;
  return Boolean(one.done_at) && (file.timeline ?? []).some((entry) => entry.actor === me && entry.action === one.action && millis(entry.fields?.['done_at']) === millis(one.done_at));
}
const offer_of = (file: Case, name: string): Offer | undefined => file.actions?.find((one) => one.name === name);
function refusal(file: Case, one: Queued): Error {
  const offer = offer_of(file, one.action!);
  const code = offer?.code ?? 'role';
  if (kMoved.includes(code)) return new Moved(code, offer_of(file, 'comment')?.enabled ?? false);
  return new Problem(409, has_term('why_not', code) ? code : 'action.not_allowed', offer?.why_not ?? '', { why: offer?.why_not });
}
const place_body = (here?: FieldPlace): Record<string, unknown> => (here ? { location: { type: 'Point', coordinates: here.place }, accuracy_m: here.accuracy_m } : {});

// The case as it is now decides: its revision goes along, and whether the act is still allowed.
async function send_action(one: Queued): Promise<void> {
  const path = `/cases/${one.case_no}`;
  const file = await get<Case>(path);
  if (is_there(file, one)) return;
  if (!one.tried && !offer_of(file, one.action!)?.enabled) throw refusal(file, one);
  const attachments = await send_photos(one);
  await fix(one);
  const body = { action: one.action, ...one.body, ...place_body(one.here), done_at: one.done_at, ...(attachments.length ? { attachments } : {}) };
  try {
    await post(`${path}/actions`, body, { if_match: file.rev, key: one.id });
  } catch (error) {
    if (!(error instanceof Problem) || (error.status !== 403 && error.status !== 409) || error.code === 'auth.csrf') throw error;
    const now = await get<Case>(path);
    if (is_there(now, one)) return;
    throw offer_of(now, one.action!)?.enabled ? error : refusal(now, one);
  }
}
async function send_report(one: Queued): Promise<void> {
  const attachments = await send_photos(one);
  await fix(one);
  await call('POST', '/reports', { body: { ...one.body, id: one.id, at: one.done_at, attachments }, key: one.id });
}

function passes(error: unknown): boolean {
  return !(error instanceof Problem) || error.status === 0 || [401, 408, 412, 425, 429].includes(error.status) || error.status >= 500 || error.code === 'auth.csrf';
}
// A picture that waited longer than the server keeps unused ones is sent again, as a new one.
function renewed(one: Queued, error: unknown): boolean {
  if (!(error instanceof Problem) || error.code !== 'field.invalid' || !error.detail.includes('attachments') || !one.photos.some((photo) => photo.id)) return false;
  for (const photo of one.photos) {
    delete photo.id;
    photo.key = uuid();
  }
  return true;
}

async function done(one: Queued): Promise<void> {
  if (one.instead_of === undefined) await discard(one.id);
  else await change({ ...one, state: 'told', photos: [], photos_sent: one.photos.length });
  wait = 2000;
  for (const handler of sent_handlers) handler(one);
}
async function moved(one: Queued, error: Moved): Promise<void> {
  if (!has_evidence(one)) await change({ ...one, state: 'told', instead_of: one.action ?? '', code: error.code, photos: [], photos_sent: 0 });
  else if (error.may_comment && one.instead_of === undefined) await change(instead(one, error.code));
  else await change({ ...one, state: 'stuck', code: error.code });
  for (const handler of sent_handlers) handler(one);
}

// Whether to go on with the next one.
async function send_one(one: Queued): Promise<boolean> {
  sending.value = one.id;
  try {
    await (one.kind === 'action' ? send_action(one) : send_report(one));
    await done(one);
  } catch (error) {
    if (error instanceof Moved) {
      await moved(one, error);
    } else if (renewed(one, error)) {
      await change({ ...one });
    } else if (passes(error)) {
      if (error instanceof Problem && error.code === 'auth.csrf') await load_session().catch(() => null);
      const stale = error instanceof Problem && error.status === 412;
      later(stale ? 500 : wait);
      if (!stale) wait = Math.min(60_000, wait * 2);
      return false;
    } else {
      const problem = error as Problem;
      await change({ ...one, state: 'stuck', tried: false, code: problem.code, detail: String(problem.body['why'] ?? problem.detail) });
    }
  } finally {
    sending.value = null;
  }
  return true;
}

// Oldest first; a stuck one holds back only what follows in its own case.
function next_one(): Queued | undefined {
  const held = new Set(outbox.value.filter((one) => one.state === 'stuck').map((one) => one.case_no));
  return outbox.value.find((one) => one.state === 'waiting' && !(one.case_no && held.has(one.case_no)));
}
async function send_all(): Promise<void> {
  await read_store().catch(() => undefined);     // another tab may have added something
  for (let one = next_one(); one; one = next_one()) if (!(await send_one(one))) return;
}

// One tab at a time; what comes meanwhile is sent by the same round.
let running: Promise<void> | null = null;
let wanted = false;
export function send_outbox(): Promise<void> {
  clearTimeout(timer);
  wanted = running !== null;
  return (running ??= round().finally(() => {
    running = null;
    if (wanted) void send_outbox();
  }));
}
async function round(): Promise<void> {
  if (typeof navigator === 'undefined' || !navigator.locks) return send_all();
  await navigator.locks.request('cityloop-outbox', { ifAvailable: true }, async (lock) => {
    if (lock) await send_all();
    else later(3000);
  });
}
function later(ms: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => void send_outbox(), ms);
}
