// SPDX-License-Identifier: Apache-2.0
// What this phone remembers: drafts with their photos, and the reports that it sent with their keys. Where the browser has no
// storage (some private windows) it lasts as long as the page, and the page says so.
import { ref, shallowRef } from 'vue';
import { server_now } from '@core/clock';
import { uuid } from '@core/random';
import type { LngLat } from '@map/geometry';

export interface DraftPhoto { blob: Blob; id?: string; bad?: boolean }
export interface Draft {
  key: string;                 // drawn once: the same report however often it is sent
  at: number;
  photos: DraftPhoto[];
  klass: string;
  text: string;
  address: string;
  area: string;
  phone: string;
  place: LngLat | null;
  accuracy_m: number | null;
  sending: boolean;            // the person pressed send: it goes by itself when the line is back
}
export interface Mine { report: string; key: string; no: string | null; title_zh: string; title_en: string; at: number; progress?: string }

export const kept_here = ref(true);
export const drafts = shallowRef<Draft[]>([]);
export const mine = shallowRef<Mine[]>([]);

let base: Promise<IDBDatabase> | null = null;
function open_base(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asking = indexedDB.open('cityloop-citizen', 1);
    asking.onupgradeneeded = () => {
      asking.result.createObjectStore('drafts', { keyPath: 'key' });
      asking.result.createObjectStore('mine', { keyPath: 'report' });
    };
    asking.onsuccess = () => resolve(asking.result);
    asking.onerror = () => reject(asking.error ?? new Error('storage'));
  });
}
async function run<T>(store: 'drafts' | 'mine', mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
  try {
    const opened = await (base ??= open_base());
    return await new Promise<T>((resolve, reject) => {
      const transaction = opened.transaction(store, mode);
      const asking = act(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(asking.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error('storage'));
    });
  } catch {
    kept_here.value = false;
    return undefined;
  }
}

export async function load_kept(): Promise<void> {
  const [all, own] = await Promise.all([
    run<Draft[]>('drafts', 'readonly', (store) => store.getAll()),
    run<Mine[]>('mine', 'readonly', (store) => store.getAll()),
  ]);
  drafts.value = (all ?? []).sort((a, b) => b.at - a.at);
  mine.value = (own ?? []).sort((a, b) => b.at - a.at);
}

export function new_draft(): Draft {
  return { key: uuid(), at: server_now(), photos: [], klass: '', text: '', address: '', area: '', phone: '', place: null, accuracy_m: null, sending: false };
}
// Plain values only: what Vue watches cannot be stored.
function plain(draft: Draft): Draft {
  return { ...draft, photos: draft.photos.map((one) => ({ ...one })), place: draft.place ? [draft.place[0], draft.place[1]] : null };
}
export async function keep_draft(draft: Draft): Promise<void> {
  const one = plain(draft);
  drafts.value = [one, ...drafts.value.filter((other) => other.key !== one.key)].sort((a, b) => b.at - a.at);
  await run('drafts', 'readwrite', (store) => store.put(one));
}
export async function drop_draft(key: string): Promise<void> {
  drafts.value = drafts.value.filter((one) => one.key !== key);
  await run('drafts', 'readwrite', (store) => store.delete(key));
}
export async function keep_mine(one: Mine): Promise<void> {
  mine.value = [one, ...mine.value.filter((other) => other.report !== one.report)].sort((a, b) => b.at - a.at);
  await run('mine', 'readwrite', (store) => store.put({ ...one }));
}
export async function drop_mine(report: string): Promise<void> {
  mine.value = mine.value.filter((one) => one.report !== report);
  await run('mine', 'readwrite', (store) => store.delete(report));
}
