// SPDX-License-Identifier: Apache-2.0
// Numbers, times, ages and deadlines as people read them, in the language of the page. City time is UTC+8.
import { language } from './i18n/dictionary';
import { t } from './i18n/words';

export const kCityZone = 'Asia/Shanghai';

const formats = new Map<string, Intl.DateTimeFormat>();
function date_format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const locale = language.value === 'zh' ? 'zh-CN' : 'en-GB';
  const key = `${locale}/${name}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, { timeZone: kCityZone, hourCycle: 'h23', ...options });
    formats.set(key, format);
  }
  return format;
}

export type Instant = string | number | null | undefined;

export function millis(at: Instant): number | null {
  if (at === null || at === undefined || at === '') return null;
  const value = typeof at === 'number' ? at : Date.parse(at);
  return Number.isFinite(value) ? value : null;
}

function parts(at: number): Record<string, string> {
  const format = date_format('parts', {
    year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
  });
  return Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value]));
}

// 2022-08-22
export function date(at: Instant): string {
  const ms = millis(at);
  if (ms === null) return '';
  const p = parts(ms);
  return `${p['year']}-${p['month']}-${p['day']}`;
}
// 14:00:07
export function time(at: Instant): string {
  const ms = millis(at);
  if (ms === null) return '';
  const p = parts(ms);
  return `${p['hour']}:${p['minute']}:${p['second']}`;
}
// 2022-08-22 14:00:07
export function date_time(at: Instant): string {
  return millis(at) === null ? '' : `${date(at)} ${time(at)}`;
}
// 14:00 today, 08-21 14:00 otherwise
export function short_time(at: Instant, now: number): string {
  const ms = millis(at);
  if (ms === null) return '';
  const p = parts(ms);
  const clock = `${p['hour']}:${p['minute']}`;
  return date(ms) === date(now) ? clock : `${p['month']}-${p['day']} ${clock}`;
}
export function weekday(at: number): string {
  return date_format('weekday', { weekday: 'short' }).format(at);
}

// One unit, the largest that fits: ages.
export function age(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 2) return t('just_now');
  if (s < 60) return t('seconds_ago', { n: s });
  if (s < 3600) return t('minutes_ago', { n: Math.floor(s / 60) });
  if (s < 86_400) return t('hours_ago', { n: Math.floor(s / 3600) });
  return t('days_ago', { n: Math.floor(s / 86_400) });
}

// Two units: durations and clocks.
export function duration(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const d = Math.floor(s / 86_400);
  const h = Math.floor((s % 86_400) / 3600);
  const m = Math.floor((s % 3600) / 60);
  const words: string[] = [];
  if (d) words.push(t('days', { n: d }));
  if (h) words.push(t('hours', { n: h }));
  if (m && !d) words.push(t('minutes', { n: m }));
  if (!words.length) words.push(s < 60 ? t('seconds', { n: s }) : t('minutes', { n: m }));
  return words.join(' ');
}

// Working time, of which eight hours are a working day (1 WD = 8 WH).
export function work_duration(ms: number): string {
  const days = Math.floor(Math.max(0, ms) / (8 * 3_600_000));
  const rest = Math.max(0, ms) - days * 8 * 3_600_000;
  if (!days) return duration(rest);
  const hours = Math.floor(rest / 3_600_000);
  return [t('work_days', { n: days }), ...(hours ? [t('hours', { n: hours })] : [])].join(' ');
}

// Why a clock has no deadline, as the server notes it.
export function clock_note(note: string | null | undefined): string {
  const [, edge, day] = /^calendar (ends|begins) (\S+)$/.exec(note ?? '') ?? [];
  if (edge && day) return t(edge === 'ends' ? 'calendar_ends' : 'calendar_begins', { day });
  if (note === 'calendar not set') return t('calendar_none');
  return note === 'no limit' ? t('no_limit') : (note ?? '');
}

export function number(value: number | null | undefined, decimals?: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '—';
  const options: Intl.NumberFormatOptions =
    decimals === undefined ? { maximumFractionDigits: 2 } : { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return new Intl.NumberFormat(language.value === 'zh' ? 'zh-CN' : 'en-GB', options).format(value);
}

// 3.2 亿 / 320 M: what a big number looks like on a tile. The exact one belongs into the tooltip.
export function big_number(value: number): string {
  const zh = language.value === 'zh';
  if (zh) {
    if (value >= 1e8) return `${value >= 1e10 ? number(value / 1e8, 0) : number(value / 1e8)} 亿`;
    if (value >= 1e6) return `${number(value / 1e4, value >= 1e7 ? 0 : 1)} 万`;
  } else {
    if (value >= 1e9) return `${number(value / 1e9, 2)} bn`;
    if (value >= 1e6) return `${number(value / 1e6, value >= 1e8 ? 0 : 1)} M`;
  }
  return number(value, Number.isInteger(value) ? 0 : undefined);
}

export function percent(value: number | null | undefined, decimals = 1): string {
  return value === null || value === undefined || !Number.isFinite(value) ? '—' : `${number(value * 100, decimals)}%`;
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  if (value < 1024 * 1024) return `${number(value / 1024, 0)} KB`;
  return `${number(value / 1048576, 1)} MB`;
}

// A unit as people write it: the register keeps ASCII.
const kUnits: Record<string, string> = {
  deg: '°', degC: '℃', celsius: '℃', 'mg/m3': 'mg/m³', 'ug/m3': 'µg/m³', m3: 'm³', m2: 'm²', percent: '%', 'm/s2': 'm/s²',
};
export function unit_text(unit: string | null | undefined): string {
  return unit ? (kUnits[unit] ?? unit) : '';
}
export function quantity(value: number | null | undefined, unit?: string | null, decimals?: number): string {
  const text = unit_text(unit);
  const glued = text === '°' || text === '%' || text === '℃';
  return text ? `${number(value, decimals)}${glued ? '' : ' '}${text}` : number(value, decimals);
}

// A case number of 19 digits, shortened for lists: 500113-0822-00031.
export function short_case(no: string): string {
  return /^\d{19}$/.test(no) ? `${no.slice(0, 6)}-${no.slice(10, 14)}-${no.slice(14)}` : no;
}

export function metres(value: number): string {
  return value < 1000 ? `${Math.round(value)} m` : `${number(value / 1000, 1)} km`;
}
