// SPDX-License-Identifier: Apache-2.0
// What the pages hold of the city: listed alarms, figures, areas, packs. Filled by snapshots, kept fresh by the live feed.
import { computed, shallowRef } from 'vue';
import { get, get_all } from '../api';
import { server_now } from '../clock';
import type { LiveEvent } from '../feed';
import { millis } from '../format';
import { either } from '../i18n/dictionary';
import * as live from '../live';
import { metrics } from '../metrics';
import { level_rank, type Alarm, type Area, type Indicator, type Pack, type PackRule } from '../words';
import { make_table, next_frame } from './table';

// Listed: what goes on, and what is over but nobody has seen.
export function is_listed(alarm: Alarm): boolean {
  return alarm.state === 'firing' || (alarm.state === 'cleared' && !alarm.acknowledged && !alarm.false_alarm);
}
export function stamp_of(alarm: Alarm): number {
  return millis(alarm.changed_at) ?? millis(alarm.cleared_at) ?? millis(alarm.acknowledged_at) ?? millis(alarm.raised_at) ?? 0;
}
export function is_shelved(alarm: Alarm, now: number): boolean {
  return (millis(alarm.shelved_until) ?? 0) > now;
}

export const alarms = make_table<Alarm>({ id: (one) => one.id, stamp: stamp_of, keep: is_listed });
export const alarms_loaded = shallowRef(false);
export const load_failure = shallowRef<unknown>(null);

// Un-acknowledged first, then the worse, then the newer; shelved ones last.
export function order_alarms(rows: Alarm[], now: number): Alarm[] {
  const key = (one: Alarm): number => (is_shelved(one, now) ? 0 : one.acknowledged ? 1 : 2);
  return rows.sort((a, b) => key(b) - key(a) || level_rank(b.level) - level_rank(a.level) || (millis(b.raised_at) ?? 0) - (millis(a.raised_at) ?? 0));
}
export const listed = computed<Alarm[]>(() => {
  void alarms.version.value;
  return order_alarms(alarms.all(), server_now());
});
export const newest_unseen = computed(() => listed.value.filter((one) => !one.acknowledged).sort((a, b) => (millis(b.raised_at) ?? 0) - (millis(a.raised_at) ?? 0))[0] ?? null);

export interface Kpi {
  alarms: Record<string, number>;
  cases: { open: number; today: number; closed_today: number };
  readings_per_s?: number;
  readings_total?: number;
  now?: number;
}
export const kpi = shallowRef<Kpi | null>(null);
export const kpi_at = shallowRef(0);
export const indicators = shallowRef<Indicator[]>([]);
export const areas = shallowRef<Map<string, Area>>(new Map());
export const packs = shallowRef<Pack[]>([]);

export function area_name(code: string | null | undefined): string {
  if (!code) return '';
  for (let length = code.length; length >= 2; length -= 1) {
    const found = areas.value.get(code.slice(0, length));
    if (found) return either(found.name, found.name_en);
  }
  return code;
}
export function rule_of(name: string): PackRule | undefined {
  const [pack, alert] = name.split('/');
  return packs.value.find((one) => one.name === pack)?.rules.find((one) => one.alert === alert);
}
export function kind_title(kind: string): string {
  for (const pack of packs.value) {
    for (const one of pack.kinds) if (typeof one !== 'string' && one.name === kind) return either(one.title_zh, one.title_en) || kind;
  }
  return kind;
}

// New alarms as they come, after the table has them: sound, measurement, speech.
type NewAlarm = (alarm: Alarm, event: LiveEvent | null) => void;
const new_alarm_handlers = new Set<NewAlarm>();
export function on_new_alarm(handler: NewAlarm): () => void {
  new_alarm_handlers.add(handler);
  return () => new_alarm_handlers.delete(handler);
}
export const arrivals = shallowRef<number[]>([]);   // server times of the last minute's new alarms

function arrived(alarm: Alarm, event: LiveEvent | null): void {
  const now = server_now();
  arrivals.value = [...arrivals.value.filter((at) => now - at < 60_000), now];
  for (const handler of new_alarm_handlers) handler(alarm, event);
}

function hear(event: LiveEvent): void {
  if (!event.k.startsWith('alarm.')) return;
  const alarm = event.d as Alarm;
  const known = alarms.get(alarm.id);
  alarms.upsert(alarm);
  if (event.k !== 'alarm.new' || known) return;
  if (event.ts?.in) {
    metrics.alarm_to_page.add(server_now() - event.ts.in);
    next_frame(() => {
      metrics.alarm_to_frame.add(server_now() - event.ts.in);
      metrics.changed();
    });
  }
  arrived(alarm, event);
}

let first_load = true;
export async function load_alarms(): Promise<void> {
  const taken_at = server_now() - 2000;
  try {
    const [unseen, firing] = await Promise.all([
      get_all<Alarm>('/alarms', { unseen: true }, 5000),
      get_all<Alarm>('/alarms', { state: 'firing' }, 5000),
    ]);
    const both = new Map([...unseen, ...firing].map((one) => [one.id, one]));
    const { added } = alarms.replace([...both.values()].filter(is_listed), taken_at);
    // After a gap: the worst that came meanwhile sounds once; at the start of a page nothing does.
    if (!first_load) for (const alarm of added) if (!alarm.acknowledged && level_rank(alarm.level) >= 3) arrived(alarm, null);
    first_load = false;
    alarms_loaded.value = true;
    load_failure.value = null;
  } catch (error) {
    load_failure.value = error;
  }
}

export async function load_indicators(): Promise<void> {
  try {
    indicators.value = (await get<{ items: Indicator[] }>('/indicators')).items;
  } catch {
    // The figures keep their age; the next turn asks again.
  }
}

export async function load_words(): Promise<void> {
  const [rows, known] = await Promise.all([get_all<Area>('/areas', {}, 5000), get<{ items: Pack[] }>('/packs').then(({ items }) => items, () => [])]);
  areas.value = new Map(rows.map((one) => [one.code, one]));
  packs.value = known;
}

let started = false;
// Once a page: words, live feed, snapshots. `topics`: the event topics that the page needs.
export function start_city(topics: string[]): void {
  if (started) return;
  started = true;
  void load_words();
  void load_alarms();
  live.on_event(hear);
  live.on_snapshot(() => {
    void load_alarms();
    void load_indicators();
  });
  for (const topic of topics) live.subscribe(topic);
  live.subscribe('kpi', {
    on_state: (up) => {
      const one = (Array.isArray(up) ? up[0] : up) as Kpi | undefined;
      if (!one?.alarms) return;
      kpi.value = one;
      kpi_at.value = server_now();
    },
  });
  live.start();
}
