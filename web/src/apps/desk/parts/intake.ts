// SPDX-License-Identifier: Apache-2.0
// A call of the hotline: what is known of the number and of the place, filing it, adding it to a case that is open already.
import { get, post } from '@core/api';
import type { Case, CaseClass, List, Report } from '@core/words';
import { act_on_case } from './case_work';

const kNear_m = 300;
const kSame_m = 50;
const kDays = 90;

export interface Call { phone: string; name: string; title: string; text: string; klass: string; place: [number, number] | null; area: string; address: string }
export const no_call = (): Call => ({ phone: '', name: '', title: '', text: '', klass: '', place: null, area: '', address: '' });
export type CaseNear = Case & { distance_m?: number };

// `GB2013/event/0101` as the server takes it.
export function class_of(key: string): CaseClass | undefined {
  const [scheme, type, code] = key.split('/');
  return code ? ({ scheme, type, code } as CaseClass) : undefined;
}

export async function earlier_of(phone: string, signal: AbortSignal): Promise<{ items: Report[]; total: number }> {
  const { items, total } = await post<List<Report>>('/reports:caller', { phone }, { signal });
  return { items, total: total ?? items.length };
}

// Open cases that may be the same: around the place, or of the class in the area; the same class first.
export async function similar_to(call: Call, signal: AbortSignal): Promise<CaseNear[]> {
  const code = class_of(call.klass)?.code;
  const where = call.place ? { near: call.place.join(','), radius_m: kNear_m } : { area: call.area, class: code, order: 'opened' };
  const { items } = await get<List<CaseNear>>('/cases', { ...where, open: true, limit: 50 }, signal);
  return items.sort((a, b) => Number(b.class?.code === code) - Number(a.class?.code === code) || (a.distance_m ?? 0) - (b.distance_m ?? 0)).slice(0, 5);
}

// How often people have reported this class within 50 m of the place in 90 days.
export async function times_here(call: Call, now: number, signal: AbortSignal): Promise<number> {
  const code = class_of(call.klass)?.code;
  if (!call.place || !code) return 0;
  const from = new Date(now - kDays * 86_400_000).toISOString();
  const { items } = await get<List<Case>>('/cases', { near: call.place.join(','), radius_m: kSame_m, class: code, from, limit: 1000 }, signal);
  return items.reduce((sum, one) => sum + (one.reports?.length ?? 0), 0);
}

export async function file_call(call: Call, key: string): Promise<Report> {
  const reporter = call.phone.trim() || call.name.trim() ? { phone: call.phone.trim(), name: call.name.trim() } : undefined;
  const klass = class_of(call.klass);
  return post<Report>('/reports', {
    title: call.title.trim(), source: 'hotline', text: call.text.trim(), address: call.address.trim(),
    ...(klass ? { class: klass } : {}), ...(reporter ? { reporter } : {}),
    ...(call.place ? { location: { type: 'Point', coordinates: call.place } } : {}), ...(call.area ? { area: call.area } : {}),
  }, { key });
}

// The call becomes a report of that case: its own case, when it made one, is merged into it, so that both callers hear of the end.
export async function join_call(call: Call, into: string, key: string): Promise<Report> {
  const report = await file_call(call, key);
  if (!report.case || report.case === into) return report;
  const own = await get<Case>(`/cases/${report.case}`);
  await act_on_case(own, 'merge', { into });
  return report;
}
