// SPDX-License-Identifier: Apache-2.0
// 日报, 月报, 研判: the figures of a period in words, from the same tables that the page shows. Plain text that people edit.
import { percent } from '@core/format';
import { language } from '@core/i18n/dictionary';
import { count_name } from '../score_words';
import { kCuts, kFinders, name_of, points, type Rate, type Score, type ScoreTable } from './score';

export type ReportKind = 'daily' | 'monthly' | 'analysis';
export interface ReportFigures { area: ScoreTable; unit: ScoreTable; class: ScoreTable }
const kListed = 3;       // best, worst, most frequent: as many as people remember
const kLow = 0.8;        // an on-time rate below grade B is named in an analysis

const zh = (): boolean => language.value === 'zh';
const say = (chinese: string, english: string): string => (zh() ? chinese : english);
const whole = (table: ScoreTable): Score | undefined => table.items.find((one) => one.total);
const list = (parts: string[]): string => parts.join(say('、', ', '));
const of = (rate: Rate): string => `${rate.value === null ? '—' : percent(rate.value)}${say(`（${rate.n}/${rate.d}）`, ` (${rate.n}/${rate.d})`)}`;

function change(rate: Rate): string {
  if (rate.value === null || rate.before === null) return '';
  const by = Math.round((rate.value - rate.before) * 1000) / 10;
  if (by === 0) return say('，与上一周期持平', ', as in the period before');
  return say(`，较上一周期${by > 0 ? '上升' : '下降'} ${Math.abs(by)} 个百分点`, `, ${Math.abs(by)} points ${by > 0 ? 'up on' : 'down on'} the period before`);
}

function overall(total: Score): string {
  const n = (count: string): number => total.counts[count] ?? 0;
  const lines = [say(`上报 ${n('opened')} 件，立案 ${n('filed')} 件，派遣 ${n('dispatched')} 次，结案 ${n('closed')} 件。`,
    `${n('opened')} came in, ${n('filed')} were filed, ${n('dispatched')} dispatches, ${n('closed')} closed.`)];
  const rate = total.rates['on_time_rate'];
  lines.push(!n('due') ? say('本期没有到期的处置任务。', 'No disposal was due.')
    : say(`应处置 ${n('due')} 件，已处置 ${n('disposed')} 件，超期未处置 ${n('outstanding')} 件`, `${n('due')} disposals were due, ${n('disposed')} done, ${n('outstanding')} are overdue and open`)
      + (rate ? say(`；按期处置率 ${of(rate)}${change(rate)}。`, `; on time ${of(rate)}${change(rate)}.`) : say('。', '.')));
  if (n('rework') + n('extended') + n('returned') > 0)
    lines.push(say(`返工 ${n('rework')} 件，延期 ${n('extended')} 件，退回 ${n('returned')} 次。`, `${n('rework')} reworked, ${n('extended')} extended, ${n('returned')} returned.`));
  return lines.join(zh() ? '' : ' ');
}

function found(total: Score): string {
  const filed = total.counts['filed'] ?? 0;
  if (!filed) return say('本期没有立案。', 'Nothing was filed.');
  const parts = kFinders.filter((one) => total.counts[one]).map((one) => `${count_name(one)} ${total.counts[one]}`);
  return say(`立案 ${filed} 件中：${list(parts)}；传感器和视频占 ${percent((total.counts['found_machine'] ?? 0) / filed)}。`,
    `Of ${filed} filed: ${list(parts)}; sensors and cameras found ${percent((total.counts['found_machine'] ?? 0) / filed)}.`);
}

function ranked(table: ScoreTable): string {
  const all = table.items.filter((one) => one.score.rank !== null);
  if (!all.length) return '';
  const told = (some: Score[]): string => list(some.map((one) => `${name_of(one)} ${points(one.score.value)}${one.score.grade ? say(`（${one.score.grade}）`, ` (${one.score.grade})`) : ''}`));
  const first = all.slice(0, kListed), last = all.slice(Math.max(kListed, all.length - kListed));
  return say(`得分居前：${told(first)}。`, `Best: ${told(first)}.`) + (last.length ? say(`得分居后：${told(last)}。`, ` Last: ${told(last)}.`) : '');
}

function left_out(total: Score): string {
  const parts = kCuts.filter((one) => total.counts[one]).map((one) => `${count_name(one)} ${total.counts[one]}`);
  return parts.length ? say(`剔除：${list(parts)}，不计入上述考核。`, `Left out of the figures: ${list(parts)}.`) : '';
}

function judged(figures: ReportFigures): string {
  const lines: string[] = [];
  const most = (table: ScoreTable, count: string): string =>
    list(table.items.filter((one) => one.counts[count]).sort((a, b) => b.counts[count]! - a.counts[count]!).slice(0, kListed).map((one) => `${name_of(one)} ${one.counts[count]}`));
  const classes = most(figures.class, 'filed');
  if (classes) lines.push(say(`高发类别：${classes}。`, `Most frequent: ${classes}.`));
  for (const table of [figures.area, figures.unit]) {
    const low = list(table.items.filter((one) => !one.total && (one.rates['on_time_rate']?.value ?? 1) < kLow).map((one) => `${name_of(one)} ${of(one.rates['on_time_rate']!)}`));
    if (low) lines.push(say(`按期处置率低于 ${percent(kLow)}：${low}，建议督办。`, `On-time rate below ${percent(kLow)}: ${low}; supervision is advised.`));
  }
  const open = most(figures.unit, 'outstanding');
  if (open) lines.push(say(`超期未处置集中在：${open}。`, `Overdue and open: ${open}.`));
  return lines.join(zh() ? '' : ' ');
}

export function report_title(kind: ReportKind, table: ScoreTable): string {
  const names = { daily: say('日报', 'Daily report'), monthly: say('月报', 'Monthly report'), analysis: say('研判报告', 'Analysis') };
  return `${table.area_name || table.area} ${table.period} ${names[kind]}`;
}

export function report_text(kind: ReportKind, figures: ReportFigures): string {
  const total = whole(figures.area);
  if (!total) return say('本期没有可考核的案件。', 'There is nothing to score in this period.');
  const numerals = ['一', '二', '三', '四', '五', '六'];
  const parts: [string, string][] = [[say('总体情况', 'Overall'), overall(total)], [say('问题发现', 'Who found it'), found(total)], [say('区域', 'Areas'), ranked(figures.area)], [say('部门', 'Units'), ranked(figures.unit)]];
  if (kind === 'analysis') parts.push([say('研判', 'Assessment'), judged(figures)]);
  parts.push([say('剔除情况', 'Left out'), left_out(total)]);
  const told = parts.filter(([, text]) => text).map(([title, text], i) => `${zh() ? `${numerals[i]}、${title}` : `${i + 1}. ${title}`}\n${text}`);
  return `${told.join('\n\n')}\n\n${say('快照号', 'Snapshot')} ${figures.area.snapshot}`;
}
