// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, it } from 'vitest';
import { age, big_number, date_time, duration, percent, quantity, short_case, time } from '@core/format';
import { set_language } from '@core/i18n/dictionary';
import { rule_title, sign_of, thresholds } from '@core/rules';

afterEach(() => set_language('zh'));

describe('formats', () => {
  it('shows city time, whatever the computer thinks', () => {
    expect(date_time('2022-08-22T06:00:07Z')).toBe('2022-08-22 14:00:07');
    expect(time(Date.parse('2022-08-22T16:00:00Z'))).toBe('00:00:00');
    expect(date_time(null)).toBe('');
    expect(date_time('nonsense')).toBe('');
  });
  it('shortens big numbers in the way of the language', () => {
    expect(big_number(320_145_900)).toBe('3.2 亿');
    expect(big_number(8785)).toBe('8,785');
    set_language('en');
    expect(big_number(320_145_900)).toBe('320 M');
  });
  it('tells ages and durations', () => {
    expect(age(500)).toBe('刚刚');
    expect(age(42_000)).toBe('42 秒前');
    expect(age(7_200_000)).toBe('2 小时前');
    expect(duration(8_000_000)).toBe('2 小时 13 分');
    expect(duration(90_061_000)).toBe('1 天 1 小时');
    set_language('en');
    expect(duration(45_000)).toBe('45 s');
  });
  it('writes quantities with their unit', () => {
    expect(quantity(31, '%LEL')).toBe('31 %LEL');
    expect(quantity(4.256, 'deg', 1)).toBe('4.3°');
    expect(quantity(null, 'm')).toBe('— m');
    expect(percent(0.964)).toBe('96.4%');
  });
  it('shortens case numbers of 19 digits only', () => {
    expect(short_case('5001132022082200031')).toBe('500113-0822-00031');
    expect(short_case('x1')).toBe('x1');
  });
});

describe('thresholds', () => {
  const rule = { alert: 'a', levels: [{ level: 'yellow' as const, expr: 'ch4 >= 25' }, { level: 'orange' as const, expr: 'avg_over_time(ch4[5m]) > 50 and level < 2' }] };
  it('are read where an expression compares the shown point', () => {
    expect(thresholds(rule, 'ch4')).toEqual([{ level: 'yellow', operator: '>=', value: 25 }, { level: 'orange', operator: '>', value: 50 }]);
    expect(thresholds(rule, 'level')).toEqual([{ level: 'orange', operator: '<', value: 2 }]);
    expect(thresholds(undefined, 'ch4')).toEqual([]);
  });
  it('and a rule is named by its title without the holes', () => {
    expect(rule_title('甲烷 {{ value }} %LEL(阈值 50)', 'ch4_high')).toBe('甲烷');
    expect(rule_title('{{ value }} too high', 'ch4_high')).toBe('ch4_high');
    expect(rule_title('监测站失联', 'x')).toBe('监测站失联');
  });
  it('have readable signs', () => expect(sign_of('>=')).toBe('≥'));
});
