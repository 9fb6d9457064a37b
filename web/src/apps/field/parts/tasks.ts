// SPDX-License-Identifier: Apache-2.0
// My orders: what to mend for crews, what to verify or check for collectors; kept on the device with each open task's file and
// its photos, for reading without a network.
import { computed, shallowRef } from 'vue';
import { fetch_ahead, get, get_all, has_role, Problem, session } from '@core/api';
import { server_now } from '@core/clock';
import { keep, kept } from '@core/device';
import { millis } from '@core/format';
import * as live from '@core/live';
import { on_sent, outbox } from '@core/outbox';
import { load_words } from '@core/store/city';
import type { Case, ClassStandard, Order } from '@core/words';

export interface Task { no: string; title: string; stage: string; state: string; deadline: string | null; limit: string; working: boolean; place: [number, number] | null; address: string; level: string; kind: string; sent_at: string; rev: number }
export const tasks = shallowRef<Task[]>([]);
export const tasks_loaded = shallowRef(false);
export const tasks_failure = shallowRef<unknown>(null);
export const copy_of = shallowRef<number | null>(null);     // when the shown copy was taken, if it is one
export const new_tasks = shallowRef<Task[]>([]);
const kKept = 40;                                            // open tasks whose files are kept
const kPhotosKept = 6;                                       // of each

const deadline_of = (one: Order): string | null => (typeof one.deadline === 'string' ? one.deadline : (one.deadline?.at ?? null));
function of_order(one: Order): Task {
  return { no: one.case ?? one.case_no ?? '', title: one.case_title ?? '', stage: one.case_stage ?? '', state: one.state, deadline: deadline_of(one), limit: one.limit ?? '', working: one.working ?? false, place: one.location?.coordinates ?? null, address: one.address ?? '', level: one.level ?? 'none', kind: one.kind ?? 'handle', sent_at: one.sent_at ?? '', rev: one.case_rev ?? 0 };
}
export const is_new = (one: Task): boolean => one.state === 'sent';

// A unit's people: their own orders and those that nobody has taken. Collectors: verifications and checks.
async function fetch_tasks(): Promise<Task[]> {
  const mine = has_role('handler', 'unit_desk', 'collector') ? await get_all<Order>('/orders', { mine: true }, 500) : [];
  const unit = session.value?.user.unit;
  const open = has_role('handler') && unit ? await get_all<Order>('/orders', { state: 'sent', unit }, 500).catch(() => []) : [];
  const all = new Map<string, Task>();
  for (const one of [...open.filter((order) => !order.handler), ...mine].filter((order) => !['returned', 'revoked'].includes(order.state))) {
    const task = of_order(one);
    const before = all.get(task.no);
    if (!before || before.sent_at <= task.sent_at) all.set(task.no, task);
  }
  return [...all.values()].sort((a, b) => (millis(a.deadline) ?? 8e15) - (millis(b.deadline) ?? 8e15));
}
export async function load_tasks(): Promise<void> {
  const known = new Set(tasks.value.filter(is_new).map((one) => one.no));
  try {
    const rows = await fetch_tasks();
    if (tasks_loaded.value) new_tasks.value = rows.filter((one) => is_new(one) && !known.has(one.no));
    tasks.value = rows;
    copy_of.value = null;
    tasks_failure.value = null;
    await keep('tasks', { at: server_now(), rows });
    void keep_files(rows);
  } catch (error) {
    if (error instanceof Problem && error.status === 0) {
      const copy = await kept<{ at: number; rows: Task[] }>('tasks');
      if (copy && !tasks.value.length) tasks.value = copy.rows;
      copy_of.value = copy?.at ?? null;
      if (!copy) tasks_failure.value = error;
    } else {
      tasks_failure.value = error;
    }
  } finally {
    tasks_loaded.value = true;
  }
}

// The files of open tasks that are new or have changed, before anybody opens them.
const kept_revs = new Map<string, number>();
async function keep_files(rows: Task[]): Promise<void> {
  for (const one of rows.filter((row) => row.state !== 'finished').slice(0, kKept)) {
    if (kept_revs.get(one.no) === one.rev) continue;
    const file = await get<Case>(`/cases/${one.no}`).catch(() => null);
    if (!file) return;
    kept_revs.set(one.no, one.rev);
    await keep(`case/${one.no}`, file);
    const photos = [...(file.report_docs ?? []), ...(file.timeline ?? [])].flatMap((row) => row.attachments ?? []);
    for (const id of [...new Set(photos)].slice(0, kPhotosKept)) await fetch_ahead(id);
  }
}

// What is queued for a case, so that a page shows what the person has done, not only what the server knows.
export const queued_actions = computed(() => {
  const found = new Map<string, string[]>();
  for (const one of outbox.value) if (one.case_no && one.action && one.state === 'waiting' && one.instead_of === undefined) found.set(one.case_no, [...(found.get(one.case_no) ?? []), one.action]);
  return found;
});

// 立案 classes, for reports without a network.
export const classes = shallowRef<Pick<ClassStandard, 'key' | 'scheme' | 'type' | 'code' | 'name' | 'name_en'>[]>([]);
export async function load_classes(): Promise<void> {
  if (!classes.value.length) classes.value = (await kept<typeof classes.value>('classes')) ?? [];
  const all = await get_all<ClassStandard>('/classes').catch(() => null);
  if (!all) return;
  classes.value = all.map(({ key, scheme, type, code, name, name_en }) => ({ key, scheme, type, code, name, ...(name_en ? { name_en } : {}) }));
  await keep('classes', classes.value);
}

let started = false;
let timer: ReturnType<typeof setTimeout> | undefined;
function soon(): void {
  clearTimeout(timer);
  timer = setTimeout(() => void load_tasks(), 500);
}
export function start_city_when_online(): void {
  if (started) return;
  started = true;
  void load_tasks();
  void load_classes();
  void load_words().catch(() => undefined);
  on_sent(soon);
  live.on_event((event) => void (event.k.startsWith('case.') && soon()));
  live.on_snapshot(soon);
  live.subscribe('case');
  live.start();
  addEventListener('online', () => {
    void load_tasks();
    void load_classes();
    void load_words().catch(() => undefined);
  });
}
