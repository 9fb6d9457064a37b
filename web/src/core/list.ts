// SPDX-License-Identifier: Apache-2.0
// A list of the API on a page: the first screenful at once, the rest behind it; asked anew when its query changes.
import { onBeforeUnmount, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import { get, url_of, type Query } from './api';
import type { List } from './words';

export interface LoadedList<T> {
  rows: ShallowRef<T[]>;
  loading: Ref<boolean>;
  failure: ShallowRef<unknown>;
  complete: Ref<boolean>;
  limited: Ref<boolean>;                  // there are more than a page holds
  reload: () => Promise<void>;
  soon: () => void;                       // reload once, shortly; many calls become one
  patch: (match: (row: T) => boolean, change: (row: T) => T) => boolean;
  patch_all: (key: (row: T) => string, changes: ReadonlyMap<string, (row: T) => T>) => string[];  // keys that the list does not have
  csv: () => string;                      // address of the same list as CSV
}

const kFirst = 200;
const kPage = 1000;
const kSoon_ms = 800;
const kLater_ms = 5000;                   // of a list that is long: reading it anew costs the server and the page

export function use_list<T>(path: string, query: () => Query, most = 20_000): LoadedList<T> {
  const rows = shallowRef<T[]>([]);
  const loading = ref(true);
  const failure = shallowRef<unknown>(null);
  const complete = ref(false);
  const limited = ref(false);
  let asked: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function reload(): Promise<void> {
    asked?.abort();
    const asking = (asked = new AbortController());
    const wanted = query();
    loading.value = true;
    failure.value = null;
    limited.value = false;
    try {
      let cursor: string | null | undefined;
      let all: T[] = [];
      do {
        const page: List<T> = await get(path, { ...wanted, limit: all.length ? kPage : kFirst, cursor }, asking.signal);
        all = [...all, ...page.items];
        rows.value = all;
        cursor = page.next;
        complete.value = !cursor;
        loading.value = false;
      } while (cursor && all.length < most);
      limited.value = Boolean(cursor);
    } catch (error) {
      if (!asking.signal.aborted) failure.value = error;
    } finally {
      if (asked === asking) loading.value = false;
    }
  }
  watch(() => JSON.stringify(query()), () => void reload(), { immediate: true });
  onBeforeUnmount(() => {
    asked?.abort();
    clearTimeout(timer);
  });
  return {
    rows, loading, failure, complete, limited, reload,
    soon() {
      clearTimeout(timer);
      timer = setTimeout(() => void reload(), rows.value.length > kPage ? kLater_ms : kSoon_ms);
    },
    patch(match, change) {
      const i = rows.value.findIndex(match);
      if (i < 0) return false;
      const next = [...rows.value];
      next[i] = change(next[i]!);
      rows.value = next;
      return true;
    },
    patch_all(key, changes) {
      const missing = new Set(changes.keys());
      rows.value = rows.value.map((row) => {
        const change = changes.get(key(row));
        missing.delete(key(row));
        return change ? change(row) : row;
      });
      return [...missing];
    },
    csv: () => url_of(path, { ...query(), format: 'csv' }),
  };
}
