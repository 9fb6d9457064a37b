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
  reload: () => Promise<void>;
  soon: () => void;                       // reload once, shortly; many calls become one
  patch: (match: (row: T) => boolean, change: (row: T) => T) => boolean;
  csv: () => string;                      // address of the same list as CSV
}

const kFirst = 200;
const kPage = 1000;

export function use_list<T>(path: string, query: () => Query, most = 10_000): LoadedList<T> {
  const rows = shallowRef<T[]>([]);
  const loading = ref(true);
  const failure = shallowRef<unknown>(null);
  const complete = ref(false);
  let asked: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function reload(): Promise<void> {
    asked?.abort();
    const asking = (asked = new AbortController());
    const wanted = query();
    loading.value = true;
    failure.value = null;
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
    rows, loading, failure, complete, reload,
    soon() {
      clearTimeout(timer);
      timer = setTimeout(() => void reload(), 800);
    },
    patch(match, change) {
      const i = rows.value.findIndex(match);
      if (i < 0) return false;
      const next = [...rows.value];
      next[i] = change(next[i]!);
      rows.value = next;
      return true;
    },
    csv: () => url_of(path, { ...query(), format: 'csv' }),
  };
}
