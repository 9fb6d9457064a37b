// SPDX-License-Identifier: Apache-2.0
// What the search finds: cases, assets, units and people by the server (text, parts of numbers, pinyin initials; only what the role
// and the area may see), areas from what the page holds. Each hit has an address.
import { get } from '@core/api';
import { short_case } from '@core/format';
import { either } from '@core/i18n/dictionary';
import { term } from '@core/i18n/terms';
import { match_rank } from '@core/pinyin';
import { areas } from '@core/store/city';
import type { Asset, Case, List, Person, Unit } from '@core/words';
import { t } from '../words';
import { t as w } from '../work_words';

export interface Hit { group: string; label: string; note: string; address: string }
const kCases = 8;
const kFew = 5;

// A question that this role may not ask finds nothing.
async function ask<T>(path: string, query: Record<string, string | number | boolean>, signal: AbortSignal): Promise<T[]> {
  return (await get<List<T>>(path, query, signal).catch(() => ({ items: [] as T[] }))).items;
}

const case_hit = (one: Case): Hit => ({ group: t('palette_cases'), label: one.title, note: `${short_case(one.no)} · ${term('stage', one.stage)}`, address: `/desk/cases/${one.no}` });
const asset_hit = (one: Asset): Hit => ({ group: t('palette_assets'), label: one.name, note: one.id, address: `/desk/assets/${encodeURIComponent(one.id)}` });
const unit_hit = (one: Unit): Hit => ({ group: w('palette_units'), label: one.name, note: w('unit_cases'), address: `/desk/cases?unit=${encodeURIComponent(one.id)}&as=${encodeURIComponent(one.name)}` });
function person_hit(one: Person): Hit {
  const name = one.person || one.name;
  const note = [name === one.name ? '' : one.name, (one.roles ?? []).map((role) => term('role', role)).join('、'), w('person_cases')].filter(Boolean).join(' · ');
  return { group: w('palette_people'), label: name, note, address: `/desk/cases?view=all&handler=${encodeURIComponent(one.id ?? `user:${one.name}`)}&as=${encodeURIComponent(name)}` };
}

export function area_hits(q: string): Hit[] {
  return [...areas.value.values()].filter((one) => one.parent)
    .map((one) => ({ one, rank: Math.max(match_rank(one.name, q), one.code.startsWith(q) ? 4 : 0) })).filter((row) => row.rank > 1)
    .sort((a, b) => b.rank - a.rank || a.one.code.length - b.one.code.length).slice(0, kFew)
    .map(({ one }) => ({ group: w('palette_areas'), label: either(one.name, one.name_en), note: w('area_cases'), address: `/desk/cases?area=${one.code}` }));
}

// Open cases stand before those that are over.
export async function search(q: string, signal: AbortSignal): Promise<Hit[]> {
  const [open, all, assets, units, people] = await Promise.all([
    ask<Case>('/cases', { q, open: true, limit: kCases }, signal),
    ask<Case>('/cases', { q, limit: kCases }, signal),
    ask<Asset>('/assets', { q, limit: kCases }, signal),
    ask<Unit>('/units', { q, limit: kFew }, signal),
    ask<Person>('/people', { q, limit: kFew }, signal),
  ]);
  const known = new Set(open.map((one) => one.no));
  const cases = [...open, ...all.filter((one) => !known.has(one.no))].slice(0, kCases);
  return [...cases.map(case_hit), ...assets.map(asset_hit), ...area_hits(q), ...units.map(unit_hit), ...people.map(person_hit)];
}
