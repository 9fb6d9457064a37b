// SPDX-License-Identifier: Apache-2.0
// What the device keeps: the outbox, which survives a killed browser, and copies of what was seen, for reading without a
// network. Copies belong to one person; the next one on this device does not find them.
import { local_now } from './clock';
import type { Queued } from './outbox';

export interface Store { all: () => Promise<Queued[]>; put: (one: Queued) => Promise<void>; remove: (id: string) => Promise<void> }

const kBase = 'cityloop';
const kPhotos = 'cityloop-photos-1';       // pictures seen, by the field page's worker
const kRoom = 50 * 1024 * 1024;            // about a hundred photos
const kFull = 0.9;
const kTry = 8 * 1024 * 1024;
const kTryEvery = 60_000;

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
    const transaction = opened.transaction(store, mode, { durability: store === 'outbox' ? 'strict' : 'relaxed' });
    const asking = act(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(asking.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? asking.error ?? new Error('storage'));
  });
}
export const device_store: Store = {
  all: () => run<Queued[]>('outbox', 'readonly', (store) => store.getAll()),
  put: async (one) => void (await run('outbox', 'readwrite', (store) => store.put(one))),
  remove: async (id) => void (await run('outbox', 'readwrite', (store) => store.delete(id))),
};

export async function keep<T>(key: string, value: T): Promise<void> {
  await run('kept', 'readwrite', (store) => store.put(value, key)).catch(() => undefined);
}
export async function kept<T>(key: string): Promise<T | null> {
  return ((await run('kept', 'readonly', (store) => store.get(key)).catch(() => undefined)) as T | undefined) ?? null;
}
export async function forget_kept(): Promise<void> {
  await run('kept', 'readwrite', (store) => store.clear()).catch(() => undefined);
  if (typeof caches !== 'undefined') await caches.delete(kPhotos).catch(() => false);
}

// Browsers that hide how much room there is name a figure that is always large: there only a try tells.
async function has_room(): Promise<boolean> {
  try {
    await run('kept', 'readwrite', (store) => store.put(new Blob([new Uint8Array(kTry)]), 'room'));
    await run('kept', 'readwrite', (store) => store.delete('room'));
    return true;
  } catch {
    return false;
  }
}
let tried: { at: number; has: Promise<boolean> } | null = null;
export async function is_nearly_full(): Promise<boolean> {
  const found = await navigator.storage?.estimate?.().catch(() => null);
  const used = found?.usage ?? 0;
  if (found?.quota && (found.quota - used < kRoom || used > found.quota * kFull)) return true;
  if (!tried || local_now() - tried.at > kTryEvery) tried = { at: local_now(), has: has_room() };
  return !(await tried.has);
}
export async function used_bytes(): Promise<number> {
  return (await navigator.storage?.estimate?.().catch(() => null))?.usage ?? 0;
}
// Asked once: what waits to be sent is not thrown away when the browser tidies up.
export async function stay(): Promise<void> {
  await navigator.storage?.persist?.().catch(() => false);
}
