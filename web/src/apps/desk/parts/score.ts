// SPDX-License-Identifier: Apache-2.0
// Scores as the server tells them, and the names of periods: `2022-08-22`, `2022-W34`, `2022-08`, `2022-Q3`, `2022-H2`, `2022`.
import { number, percent } from '@core/format';
import { either } from '@core/i18n/dictionary';
import { term } from '@core/i18n/terms';
import { workbook, type SheetColumn } from '@core/sheet';
import { count_name, t } from '../score_words';

export const kObjects = ['area', 'unit', 'post', 'class'] as const;
export type ScoreObject = (typeof kObjects)[number];
export const kKinds = ['day', 'week', 'month', 'quarter', 'half', 'year'] as const;
export type PeriodKind = (typeof kKinds)[number];

export interface Rate { n: number; d: number; value: number | null; grade: string | null; before: number | null }
export interface Score {
  object: string; id: string; name: string; total: boolean;
  score: { value: number | null; grade: string | null; before: number | null; rank: number | null; rank_before: number | null };
  counts: Record<string, number>; rates: Record<string, Rate>; corrections: Record<string, number> | null;
}
export interface Indicator { id: string; title_zh: string; title_en: string; definition_zh: string; definition_en: string; numerator: string; denominator: string; weight: number; good: 'high' | 'low'; objects: string[] }
export interface ScoreTable {
  object: ScoreObject; area: string; area_name: string; period: string; kind: PeriodKind; from: string; to: string; before: string; running: boolean;
  snapshot: string; locked: { by: string; by_name: string; at: string } | null; formulas: string; formulas_version: string; indicators: Indicator[]; items: Score[];
}
export interface ScoreFact { case: string; kind: string; day: string; area: string; unit: string | null; unit_name: string | null; source: string | null; sign: number; correction: boolean; title?: string; stage?: string }

const kDay = 86_400_000;
const day_text = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const two = (n: number): string => String(n).padStart(2, '0');
const first_monday = (year: number): number => {
  const fourth = Date.UTC(year, 0, 4);
  return fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * kDay;
};

export function kind_of(period: string): PeriodKind {
  if (period.length === 4) return 'year';
  if (period.length === 10) return 'day';
  if (period[5] === 'W') return 'week';
  if (period[5] === 'Q') return 'quarter';
  return period[5] === 'H' ? 'half' : 'month';
}
// The first day of a period.
export function first_day(period: string): string {
  const year = Number(period.slice(0, 4));
  switch (kind_of(period)) {
    case 'day': return period;
    case 'year': return `${period}-01-01`;
    case 'week': return day_text(first_monday(year) + (Number(period.slice(6)) - 1) * 7 * kDay);
    case 'quarter': return `${year}-${two(Number(period[6]) * 3 - 2)}-01`;
    case 'half': return `${year}-${two(Number(period[6]) * 6 - 5)}-01`;
    case 'month': return `${period}-01`;
  }
}
export function period_of(kind: PeriodKind, day: string): string {
  const [year, month] = [day.slice(0, 4), Number(day.slice(5, 7))];
  switch (kind) {
    case 'day': return day;
    case 'year': return year;
    case 'month': return day.slice(0, 7);
    case 'quarter': return `${year}-Q${Math.ceil(month / 3)}`;
    case 'half': return `${year}-H${month > 6 ? 2 : 1}`;
    case 'week': {
      const at = Date.parse(day);
      const monday = at - ((new Date(at).getUTCDay() + 6) % 7) * kDay;
      const own = new Date(monday + 3 * kDay).getUTCFullYear();  // a week belongs to the year of its Thursday
      return `${own}-W${two((monday - first_monday(own)) / (7 * kDay) + 1)}`;
    }
  }
}
// The period before (-1) or after (1).
export function shifted(period: string, by: -1 | 1): string {
  const kind = kind_of(period);
  const start = Date.parse(first_day(period));
  if (by < 0) return period_of(kind, day_text(start - kDay));
  const length = { day: 1, week: 7, month: 31, quarter: 92, half: 184, year: 366 }[kind];
  return period_of(kind, day_text(start + length * kDay));
}

export const title_of = (one: Indicator): string => either(one.title_zh, one.title_en);
export const definition_of = (one: Indicator): string => either(one.definition_zh, one.definition_en);
export const name_of = (one: Score): string => (one.object === 'post' ? term('role', one.name) : one.name);
export const shown_rate = (value: number | null): string => (value === null ? '—' : percent(value));
export const points = (value: number | null): string => (value === null ? '—' : number(Math.round(value * 10) / 10));
// What an indicator counts of an object; posts have indicators of their own.
export const indicators_of = (table: ScoreTable, wanted: (one: Indicator) => boolean = () => true): Indicator[] =>
  table.indicators.filter((one) => wanted(one) && table.items.some((item) => item.rates[one.id]));

export const kCuts = ['cancelled', 'not_accepted', 'merged', 'appeal_exempt', 'suspension_exempt'] as const;
export const kFinders = ['found_sensor', 'found_camera', 'found_patrol', 'found_public', 'found_other'] as const;

// The sheet that agrees with the screen: its last lines say which snapshot it is.
export async function score_workbook(table: ScoreTable): Promise<Blob> {
  type Line = { item: Score | null; text: string };
  const of = (value: (one: Score) => string | number | null) => (line: Line) => (line.item ? value(line.item) : null);
  const columns: SheetColumn<Line>[] = [
    { title: t(`object_${table.object}`), width: 28, value: (line) => (line.item ? name_of(line.item) : line.text) },
    { title: t('rank'), width: 8, value: of((one) => one.score.rank) },
    { title: t('score'), width: 10, value: of((one) => (one.score.value === null ? null : Math.round(one.score.value * 100) / 100)) },
    { title: t('grade'), width: 8, value: of((one) => one.score.grade) },
  ];
  for (const one of indicators_of(table)) {
    columns.push({ title: title_of(one), width: 12, format: '0.0%', value: of((item) => item.rates[one.id]?.value ?? null) });
    columns.push({ title: `${title_of(one)} n`, width: 8, value: of((item) => item.rates[one.id]?.n ?? null) });
    columns.push({ title: `${title_of(one)} d`, width: 8, value: of((item) => item.rates[one.id]?.d ?? null) });
  }
  for (const count of table.object === 'class' ? kFinders : kCuts) columns.push({ title: count_name(count), width: 10, value: of((item) => item.counts[count] ?? 0) });
  const lines: Line[] = table.items.map((item) => ({ item, text: '' }));
  lines.push({ item: null, text: `${t('snapshot')} ${table.snapshot}` }, { item: null, text: `${table.area_name} ${table.from} – ${table.to}` }, { item: null, text: `${t('formulas')} ${table.formulas} ${table.formulas_version}` });
  return workbook(`${t('scores')} ${table.period}`, columns, lines);
}
