// SPDX-License-Identifier: Apache-2.0
// Working time as the page counts it down: the city's calendar, and how much of it lies between two moments. The server counts
// deadlines (src/supervise/calendar.cc); this only tells how much work is left until one.
import { shallowRef } from 'vue';
import { get } from './api';
import * as live from './live';

export interface Calendar {
  name: string;
  hours: { from: string; to: string }[];
  weekend: string[];
  days: { date: string; works: boolean; zh?: string; en?: string }[];
  known_from: string;
  known_until: string;
  utc_offset_minutes: number;
}

const kDay = 86_400_000;
const kWeekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

export interface WorkingTime {
  from: number;                 // the first local day known, as days since 1970
  offset: number;               // of local time, in milliseconds
  hours: [number, number][];    // of the day, in milliseconds
  before: number[];             // working time before each day known, and before the day after the last
}

const day_of = (text: string): number => Date.parse(`${text}T00:00:00Z`) / kDay;
const time_of_day = (text: string): number => (Number(text.slice(0, 2)) * 60 + Number(text.slice(3))) * 60_000;

export function working_time(calendar: Calendar): WorkingTime {
  const hours = calendar.hours.map((one): [number, number] => [time_of_day(one.from), time_of_day(one.to)]);
  const whole = hours.reduce((sum, [from, to]) => sum + to - from, 0);
  const special = new Map(calendar.days.map((one) => [day_of(one.date), one.works]));
  const from = day_of(calendar.known_from);
  const before = [0];
  for (let day = from; day <= day_of(calendar.known_until); day += 1) {
    const works = special.get(day) ?? !calendar.weekend.includes(kWeekdays[new Date(day * kDay).getUTCDay()]!);
    before.push(before.at(-1)! + (works ? whole : 0));
  }
  return { from, offset: calendar.utc_offset_minutes * 60_000, hours, before };
}

function sum_until(time: WorkingTime, at: number): number | null {
  const local = at + time.offset - time.from * kDay;
  const day = Math.floor(local / kDay);
  const before = time.before[day];
  if (before === undefined) return null;
  const next = time.before[day + 1];
  if (next === undefined) return local === day * kDay ? before : null;
  if (next === before) return before;
  return time.hours.reduce((sum, [from, to]) => sum + Math.min(Math.max(local - day * kDay - from, 0), to - from), before);
}

// Null when the calendar does not know one of the two.
export function worked(time: WorkingTime, from: number, to: number): number | null {
  const first = sum_until(time, from);
  const last = sum_until(time, to);
  return first === null || last === null ? null : last - first;
}

// `15m`, `2UH`, `1UD`, `4WH`, `1WD` (8 WH) in milliseconds; null for what it does not know.
export function limit_ms(limit: string | null | undefined): number | null {
  const units: Record<string, number> = { m: 1, h: 60, UH: 60, UD: 1440, WH: 60, WD: 480 };
  const found = /^(\d+)(m|h|UH|UD|WH|WD)$/.exec(limit ?? '');
  return found ? Number(found[1]) * units[found[2]!]! * 60_000 : null;
}

// The one in force. Fetched when the first clock asks for it, and again when somebody has put another.
export const calendar = shallowRef<WorkingTime | null>(null);
// The local day of a moment, `2026-11-28`. Until the calendar is there, the reader's own.
export function local_day(at: number): string {
  const offset = calendar.value?.offset ?? -new Date(at).getTimezoneOffset() * 60_000;
  return new Date(at + offset).toISOString().slice(0, 10);
}
let asked = false;
export function need_calendar(): void {
  if (asked) return;
  asked = true;
  live.on_event((event) => void (event.k === 'rev.config' && load_calendar()));
  void load_calendar();
}
async function load_calendar(): Promise<void> {
  try {
    const all = await get<{ items: Calendar[] }>('/calendars');
    calendar.value = all.items[0] ? working_time(all.items[0]) : null;
  } catch {
    // Without it the clocks show the deadline itself.
  }
}
