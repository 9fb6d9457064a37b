// SPDX-License-Identifier: Apache-2.0
// Working time on the page, with days as the shipped calendar has them.
import { afterEach, describe, expect, it } from 'vitest';
import { limit_ms, worked, working_time, type Calendar } from '@core/calendar';
import { clock_note, work_duration } from '@core/format';
import { set_language } from '@core/i18n/dictionary';

const china: Calendar = {
  name: 'china', known_from: '2025-01-01', known_until: '2026-12-31', utc_offset_minutes: 480,
  hours: [{ from: '08:00', to: '12:00' }, { from: '14:00', to: '18:00' }], weekend: ['saturday', 'sunday'],
  days: [{ date: '2026-02-14', works: true }, ...[15, 16, 17, 18, 19, 20, 21, 22, 23].map((day) => ({ date: `2026-02-${day}`, works: false })), { date: '2026-02-28', works: true }],
};
const time = working_time(china);
const hours = (from: string, to: string): number | null => {
  const found = worked(time, Date.parse(`${from}:00+08:00`), Date.parse(`${to}:00+08:00`));
  return found === null ? null : found / 3_600_000;
};
afterEach(() => set_language('zh'));

describe('working time', () => {
  it('leaves out lunch, evenings and weekends', () => {
    expect(hours('2026-11-27T11:00', '2026-11-27T15:00')).toBe(2);
    expect(hours('2026-11-27T17:30', '2026-11-30T08:30')).toBe(1);
    expect(hours('2026-11-27T12:10', '2026-11-27T13:50')).toBe(0);
  });
  it('knows Spring Festival and the Saturdays worked for it', () => {
    expect(hours('2026-02-13T17:00', '2026-02-14T09:00')).toBe(2);
    expect(hours('2026-02-14T17:00', '2026-02-24T09:00')).toBe(2);
    expect(hours('2026-02-27T17:00', '2026-03-02T08:00')).toBe(9);
  });
  it('says nothing about years that it does not know', () => {
    expect(hours('2026-12-31T17:00', '2027-01-01T00:00')).toBe(1);
    expect(hours('2026-12-31T17:00', '2027-01-01T00:01')).toBe(null);
    expect(hours('2024-12-31T23:59', '2025-01-02T12:00')).toBe(null);
  });
  it('reads limits', () => {
    expect(limit_ms('1WD')).toBe(8 * 3_600_000);
    expect(limit_ms('1UD')).toBe(24 * 3_600_000);
    expect(limit_ms('15m')).toBe(900_000);
    expect(limit_ms('soon')).toBe(null);
  });
  it('is told in working days of eight hours', () => {
    expect(work_duration(12.5 * 3_600_000)).toBe('1 工作日 4 小时');
    expect(work_duration(7.5 * 3_600_000)).toBe('7 小时 30 分');
    expect(clock_note('calendar ends 2026-12-31')).toBe('工作日历只到 2026-12-31');
    set_language('en');
    expect(work_duration(8 * 3_600_000)).toBe('1 WD');
    expect(clock_note('calendar not set')).toBe('no working calendar');
  });
});
