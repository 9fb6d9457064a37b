// SPDX-License-Identifier: Apache-2.0
// What a person did without a network: kept on the device with its own time and key, sent in order per case when the line is
// back, once. What can no longer be done is shown with its reason; its photos go on as a comment if the person wants.
import { computed, shallowRef } from 'vue';
import { call, get, post, Problem } from './api';
import { server_now } from './clock';
import { upload } from './photo';
import { uuid } from './random';
import type { Case } from './words';

export interface QueuedPhoto { blob: Blob; key: string; id?: string }
export interface Queued {
  id: string;                        // Idempotency-Key of the act
  kind: 'action' | 'report';
  case_no?: string;
  action?: string;
  title: string;
  body: Record<string, unknown>;
  photos: QueuedPhoto[];
  at: number;
  state: 'waiting' | 'stuck';
  code?: string;
  detail?: string;
}
export interface Store { all: () => Promise<Queued[]>; put: (one: Queued) => Promise<void>; remove: (id: string) => Promise<void> }

const kBase = 'cityloop';
function open_base(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asking = indexedDB.open(kBase, 1);
    asking.onupgradeneeded = () => {
      asking.result.createObjectStore('outbox', { keyPath: 'id' });
      asking.result.createObjectStore('kept');
    };
    asking.onsuccess = () => resolve(asking.result);
    asking.onerror = () => reject(asking.error ?? new Error('storage'));
  });
}
let base: Promise<IDBDatabase> | null = null;
async function run<T>(store: string, mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opened = await (base ??= open_base());
  return new Promise((resolve, reject) => {
    const transaction = opened.transaction(store, mode);
    const asking = act(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(asking.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error('storage'));
  });
}
export const device_store: Store = {
  all: () => run<Queued[]>('outbox', 'readonly', (store) => store.getAll()),
  put: async (one) => void (await run('outbox', 'readwrite', (store) => store.put(one))),
  remove: async (id) => void (await run('outbox', 'readwrite', (store) => store.delete(id))),
};

// Pages seen before, for reading without a network.
export async function keep<T>(key: string, value: T): Promise<void> {
  await run('kept', 'readwrite', (store) => store.put(value, key)).catch(() => undefined);
}
export async function kept<T>(key: string): Promise<T | null> {
  return ((await run('kept', 'readonly', (store) => store.get(key)).catch(() => undefined)) as T | undefined) ?? null;
}

export const outbox = shallowRef<Queued[]>([]);
export const sending = shallowRef<string | null>(null);
export const waiting_count = computed(() => outbox.value.length);
let store: Store = device_store;
let busy = false;
let timer: ReturnType<typeof setTimeout> | undefined;
let wait = 2000;
const sent_handlers = new Set<(one: Queued) => void>();
export function on_sent(handler: (one: Queued) => void): () => void {
  sent_handlers.add(handler);
  return () => sent_handlers.delete(handler);
}

export async function start_outbox(other?: Store): Promise<void> {
  if (other) store = other;
  outbox.value = (await store.all().catch(() => [])).sort((a, b) => a.at - b.at);
  if (typeof window !== 'undefined') window.addEventListener('online', () => void send_outbox());
  void send_outbox();
}

export async function enqueue(one: Omit<Queued, 'id' | 'at' | 'state' | 'photos'> & { photos: Blob[] }): Promise<Queued> {
  const queued: Queued = { ...one, id: uuid(), at: server_now(), state: 'waiting', photos: one.photos.map((blob) => ({ blob, key: uuid() })) };
  await store.put(queued);
  outbox.value = [...outbox.value, queued];
  void send_outbox();
  return queued;
}

async function change(one: Queued): Promise<void> {
  await store.put(one);
  outbox.value = outbox.value.map((other) => (other.id === one.id ? one : other));
}
export async function discard(id: string): Promise<void> {
  await store.remove(id);
  outbox.value = outbox.value.filter((one) => one.id !== id);
}
export async function again(one: Queued): Promise<void> {
  const { code: _code, detail: _detail, ...rest } = one;
  await change({ ...rest, state: 'waiting' });
  await send_outbox();
}
// The act is no longer possible; what was seen and written goes into the case as a comment.
export async function as_comment(one: Queued): Promise<void> {
  const text = [one.body['comment'], one.body['reason']].filter(Boolean).join('\n') || one.title;
  const { code: _code, detail: _detail, ...rest } = one;
  await change({ ...rest, state: 'waiting', action: 'comment', body: { comment: text } });
  await send_outbox();
}

async function send_photos(one: Queued): Promise<string[]> {
  const ids: string[] = [];
  for (const photo of one.photos) {
    photo.id ??= await upload(photo.blob, photo.key);
    ids.push(photo.id);
  }
  await store.put(one);
  return ids;
}

// The case as it is now decides: its revision goes along, and whether the act is still allowed.
async function send_action(one: Queued): Promise<void> {
  const file = await get<Case>(`/cases/${one.case_no}`);
  const offer = file.actions?.find((other) => other.name === one.action);
  if (!offer?.enabled) throw new Problem(409, 'action.not_allowed', offer?.why_not ?? '', { why: offer?.why_not });
  const attachments = await send_photos(one);
  const body = { action: one.action, ...one.body, ...(attachments.length ? { attachments } : {}) };
  await post(`/cases/${one.case_no}/actions`, body, { if_match: file.rev, key: one.id });
}
async function send_report(one: Queued): Promise<void> {
  const attachments = await send_photos(one);
  await call('POST', '/reports', { body: { ...one.body, attachments }, key: one.id });
}

function passes(error: unknown): boolean {
  return error instanceof Problem && (error.status === 0 || error.status === 401 || error.status === 408 || error.status === 429 || error.status >= 500);
}

// One at a time, oldest first; a stuck one holds back only what follows in its own case.
export async function send_outbox(): Promise<void> {
  if (busy) return;
  busy = true;
  clearTimeout(timer);
  const held = new Set<string>();
  try {
    for (const one of [...outbox.value]) {
      if (one.case_no && held.has(one.case_no)) continue;
      if (one.state === 'stuck') {
        if (one.case_no) held.add(one.case_no);
        continue;
      }
      sending.value = one.id;
      try {
        await (one.kind === 'action' ? send_action(one) : send_report(one));
        await discard(one.id);
        wait = 2000;
        for (const handler of sent_handlers) handler(one);
      } catch (error) {
        if (error instanceof Problem && error.status === 412) {
          later(500);
          return;
        }
        if (passes(error) || !(error instanceof Problem)) {
          later(wait);
          wait = Math.min(60_000, wait * 2);
          return;
        }
        await change({ ...one, state: 'stuck', code: error.code, detail: String(error.body['why'] ?? error.detail) });
        if (one.case_no) held.add(one.case_no);
      }
    }
  } finally {
    sending.value = null;
    busy = false;
  }
}
function later(ms: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => void send_outbox(), ms);
}
