// SPDX-License-Identifier: Apache-2.0
// 交接班: the list of what is open, as the server makes it, and signing it.
import { get, post } from '@core/api';
import type { List } from '@core/words';

export interface OpenCase { no: string; title: string; stage: string; area: string; unit_name?: string | null; deadline?: string | null }
export interface OpenAlarm { id: string; title_zh: string; title_en: string; level: string; state: string; asset_name: string; raised_at: string }
export interface OpenReport { id: string; title: string; at: string }
export interface OpenNote { case: string; at: string; actor_name: string; comment: string }
export interface Group<T> { total: number; items: T[] }
export const kCaseGroups = ['overdue', 'due_soon', 'supervised', 'asked', 'appeals', 'waiting'] as const;
export type OpenList = { as_of: string; since: string; alarms: Group<OpenAlarm>; placeless: Group<OpenReport>; notes: Group<OpenNote> } & Record<(typeof kCaseGroups)[number], Group<OpenCase>>;

export interface Shift {
  id: string; area: string; state: 'waiting' | 'taken' | 'withdrawn'; giver: string; giver_name: string; at: string; note: string; to?: string | null;
  taker?: string | null; taker_name?: string | null; ended_at?: string | null; taker_note: string; rev: number; open: OpenList;
}

export const open_now = (): Promise<OpenList> => get('/shifts:open');
export const read_shift = (id: string): Promise<Shift> => get(`/shifts/${id}`);
// The one that waits in an area, with its list.
export async function waiting_shift(area: string): Promise<Shift | null> {
  const { items } = await get<List<Shift>>('/shifts', { state: 'waiting', limit: 100 });
  const found = items.find((one) => one.area === area || (!area && one.area.length <= 2));
  return found ? read_shift(found.id) : null;
}
export const give = (note: string, to: string): Promise<Shift> => post('/shifts', { note, ...(to ? { to } : {}) });
export const end = (shift: Shift, verb: 'take' | 'withdraw', note: string): Promise<Shift> => post(`/shifts/${shift.id}:${verb}`, { note }, { if_match: shift.rev });

export const is_empty = (open: OpenList): boolean => !open.alarms.total && !open.placeless.total && !open.notes.total && kCaseGroups.every((name) => !open[name].total);
