// SPDX-License-Identifier: Apache-2.0
// Names of periods follow the server's; a report in words holds the figures of its tables and nothing that they do not say.
import { afterEach, describe, expect, it } from 'vitest';
import { set_language } from '@core/i18n/dictionary';
import { first_day, kKinds, period_of, shifted, type Score, type ScoreTable } from '../../src/apps/desk/parts/score';
import { report_text } from '../../src/apps/desk/parts/score_text';

afterEach(() => set_language('zh'));

describe('periods', () => {
  it('know their first day', () => {
    expect(['2022-08-22', '2022-W34', '2020-W53', '2022-08', '2022-Q4', '2022-H2', '2022'].map(first_day)).toEqual(['2022-08-22', '2022-08-22', '2020-12-28', '2022-08-01', '2022-10-01', '2022-07-01', '2022-01-01']);
  });
  it('hold every day, and the one before and after it are its neighbours', () => {
    for (let at = Date.UTC(2018, 0, 1); at < Date.UTC(2026, 0, 1); at += 86_400_000) {
      const day = new Date(at).toISOString().slice(0, 10);
      for (const kind of kKinds) {
        const own = period_of(kind, day);
        expect(first_day(own) <= day).toBe(true);
        expect(shifted(shifted(own, 1), -1)).toBe(own);
        expect(first_day(shifted(own, 1)) > day).toBe(true);
      }
    }
  });
});

const rate = (n: number, d: number, before: number | null = null): Score['rates'][string] => ({ n, d, value: d ? n / d : null, grade: 'B', before });
const score = (id: string, name: string, counts: Record<string, number>, rank: number | null = null, total = false): Score =>
  ({ object: 'area', id, name, total, score: { value: 82.25, grade: 'B', before: null, rank, rank_before: null }, counts, rates: { on_time_rate: rate(counts['on_time'] ?? 0, counts['due'] ?? 0, 0.9) }, corrections: null });
const table = (items: Score[]): ScoreTable => ({ object: 'area', area: '50', area_name: '重庆市', period: '2022-08', kind: 'month', from: '', to: '', before: '2022-07', running: false, snapshot: '2022-08-abc', locked: null, formulas: 'china', formulas_version: '1', indicators: [], items });

describe('a report in words', () => {
  const busy = { opened: 12, filed: 10, found_machine: 4, found_sensor: 4, found_public: 6, dispatched: 11, closed: 7, due: 8, disposed: 7, outstanding: 1, on_time: 6, cancelled: 2, rework: 1 };
  const figures = { area: table([score('50', '重庆市', busy, null, true), score('500106', '沙坪坝区', busy, 1)]), unit: table([score('u', '环卫所', { ...busy, on_time: 2 }, 1)]), class: table([]) };
  it('says what the tables say', () => {
    const text = report_text('analysis', figures);
    for (const part of ['上报 12 件，立案 10 件', '应处置 8 件，已处置 7 件，超期未处置 1 件', '75.0%（6/8），较上一周期下降 15 个百分点', '传感器 4、公众 6', '传感器和视频占 40.0%', '沙坪坝区 82.3（B）', '低于 80.0%', '环卫所 25.0%（2/8）', '作废 2', '快照号 2022-08-abc'])
      expect(text).toContain(part);
    expect(report_text('daily', figures)).not.toContain('研判');
  });
  it('says so when there is nothing, and divides nothing by 0', () => {
    expect(report_text('daily', { area: table([]), unit: table([]), class: table([]) })).toBe('本期没有可考核的案件。');
    const quiet = { area: table([score('50', '重庆市', {}, null, true)]), unit: table([]), class: table([]) };
    const text = report_text('monthly', quiet);
    expect(text).toContain('本期没有到期的处置任务。');
    expect(text).not.toMatch(/NaN|Infinity|undefined|100%/);
  });
  it('in English too', () => {
    set_language('en');
    const text = report_text('analysis', figures);
    expect(text).toContain('on time 75.0% (6/8), 15 points down on the period before');
    expect(text).not.toMatch(/undefined|，|。/);
  });
});
