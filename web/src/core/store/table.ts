// SPDX-License-Identifier: Apache-2.0
// Live tables stand in plain Maps outside Vue's reactivity; components read `version` and then the map. All changes of a
// frame become one bump of the version in one animation frame.
import { shallowRef, type ShallowRef } from 'vue';
import { metrics } from '../metrics';

type Job = () => void;
const waiting = new Set<Job>();
let scheduled = false;

function flush(): void {
  scheduled = false;
  const from = performance.now();
  const jobs = [...waiting];
  waiting.clear();
  for (const job of jobs) job();
  metrics.apply_time.add(performance.now() - from);
}

// Runs `job` in the next frame, once. A hidden page gets no frames; a timer stands in, so that counts and sound go on.
export function next_frame(job: Job): void {
  waiting.add(job);
  if (scheduled) return;
  scheduled = true;
  if (typeof document !== 'undefined' && document.hidden) setTimeout(flush, 50);
  else requestAnimationFrame(flush);
}

export interface Table<T> {
  readonly rows: Map<string, T>;
  readonly version: Readonly<ShallowRef<number>>;
  upsert(row: T): boolean;                 // false: what is there is newer
  remove(id: string): void;
  replace(rows: T[], taken_at?: number): { added: T[]; changed: T[]; removed: T[] };
  get(id: string): T | undefined;
  all(): T[];
}

// `stamp` orders two documents of one subject (rev, changed_at in ms); `keep` says which rows belong here at all.
export function make_table<T>(spec: { id: (row: T) => string; stamp: (row: T) => number; keep?: (row: T) => boolean }): Table<T> {
  const rows = new Map<string, T>();
  const version = shallowRef(0);
  const bump = (): void => {
    version.value += 1;
  };
  const keep = spec.keep ?? (() => true);

  function upsert(row: T): boolean {
    const id = spec.id(row);
    const old = rows.get(id);
    if (old && spec.stamp(old) > spec.stamp(row)) return false;
    if (keep(row)) rows.set(id, row);
    else rows.delete(id);
    next_frame(bump);
    return true;
  }

  return {
    rows,
    version,
    upsert,
    remove(id) {
      if (rows.delete(id)) next_frame(bump);
    },
    // A fresh snapshot, diffed: rows that it lacks go, unless they changed after it was taken.
    replace(fresh, taken_at = Number.POSITIVE_INFINITY) {
      const result = { added: [] as T[], changed: [] as T[], removed: [] as T[] };
      const seen = new Set<string>();
      for (const row of fresh) {
        const id = spec.id(row);
        seen.add(id);
        const old = rows.get(id);
        if (!upsert(row)) continue;
        if (!old) result.added.push(row);
        else if (spec.stamp(old) !== spec.stamp(row)) result.changed.push(row);
      }
      for (const [id, row] of rows) {
        if (seen.has(id) || spec.stamp(row) > taken_at) continue;
        rows.delete(id);
        result.removed.push(row);
      }
      next_frame(bump);
      return result;
    },
    get: (id) => rows.get(id),
    all: () => [...rows.values()],
  };
}
