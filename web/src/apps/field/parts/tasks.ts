// SPDX-License-Identifier: Apache-2.0
// My orders and, for inspectors, what waits to be verified or checked; kept on the device for reading without a network.
import { computed, shallowRef } from 'vue';
import { get_all, has_role, Problem, session } from '@core/api';
import { server_now } from '@core/clock';
import { millis } from '@core/format';
import * as live from '@core/live';
import { keep, kept, on_sent, outbox } from '@core/outbox';
import { load_words } from '@core/store/city';
import type { Case, Order } from '@core/words';

export interface Task { no: string; title: string; stage: string; state: string; deadline: string | null; limit: string; working: boolean; place: [number, number] | null; address: string; level: string; order: boolean; sent_at: string }
export const tasks = shallowRef<Task[]>([]);
export const tasks_loaded = shallowRef(false);
export const tasks_failure = shallowRef<unknown>(null);
export const copy_of = shallowRef<number | null>(null);     // when the shown copy was taken, if it is one
export const new_tasks = shallowRef<Task[]>([]);

const deadline_of = (one: Order): string | null => (typeof one.deadline === 'string' ? one.deadline : (one.deadline?.at ?? null));
function of_order(one: Order): Task {
  return { no: one.case ?? one.case_no ?? '', title: one.case_title ?? '', stage: one.case_stage ?? '', state: one.state, deadline: deadline_of(one), limit: one.limit ?? '', working: one.working ?? false, place: one.location?.coordinates ?? null, address: one.address ?? '', level: one.level ?? 'none', order: true, sent_at: one.sent_at ?? '' };
}
function of_case(one: Case): Task {
  return { no: one.no, title: one.title, stage: one.stage, state: one.stage, deadline: one.deadline?.at ?? null, limit: one.deadline?.limit ?? '', working: one.deadline?.working ?? false, place: one.location?.coordinates ?? null, address: one.address ?? '', level: one.level ?? 'none', order: false, sent_at: one.opened_at };
}

export async function load_tasks(): Promise<void> {
  const known = new Set(tasks.value.map((one) => one.no));
  try {
    const orders = has_role('handler', 'unit_desk') ? await get_all<Order>('/orders', { mine: true }, 500) : [];
    // Orders sent to the unit that nobody has taken are everybody's in it.
    const unit = session.value?.user.unit;
    const open = has_role('handler') && unit ? await get_all<Order>('/orders', { state: 'sent', unit }, 500).catch(() => []) : [];
    const checks = has_role('collector') ? await get_all<Case>('/cases', { stage: 'verifying,checking' }, 500) : [];
    const all = new Map<string, Task>();
    for (const one of [...open.filter((order) => !order.handler), ...orders]) if (!['returned', 'revoked'].includes(one.state)) all.set(of_order(one).no, of_order(one));
    for (const one of checks) all.set(one.no, of_case(one));
    const rows = [...all.values()].sort((a, b) => (millis(a.deadline) ?? 8e15) - (millis(b.deadline) ?? 8e15));
    if (tasks_loaded.value && copy_of.value === null) new_tasks.value = rows.filter((one) => one.state === 'sent' && !known.has(one.no));
    tasks.value = rows;
    copy_of.value = null;
    tasks_failure.value = null;
    await keep('tasks', { at: server_now(), rows });
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

// What is queued for a case, so that a page shows what the person has done, not only what the server knows.
export const queued_actions = computed(() => {
  const found = new Map<string, string[]>();
  for (const one of outbox.value) if (one.case_no && one.action && one.state === 'waiting') found.set(one.case_no, [...(found.get(one.case_no) ?? []), one.action]);
  return found;
});

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
  void load_words().catch(() => undefined);
  on_sent(soon);
  live.on_event((event) => void (event.k.startsWith('case.') && soon()));
  live.on_snapshot(soon);
  live.subscribe('case');
  live.start();
  addEventListener('online', () => {
    void load_tasks();
    void load_words().catch(() => undefined);
  });
}
