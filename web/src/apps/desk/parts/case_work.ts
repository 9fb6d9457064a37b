// SPDX-License-Identifier: Apache-2.0
// What can be done with a case: the server's offers as operations with their keys, and sending them with the revision seen.
import { attachment_url, get, post } from '@core/api';
import { date_time, metres, short_case } from '@core/format';
import { term } from '@core/i18n/terms';
import { t as c } from '@core/i18n/words';
import { is_down } from '@core/live';
import { why_not } from '@core/alarm_actions';
import type { Operation } from '@core/operation';
import { class_key, type Case, type List, type Offer, type Report, type TimelineEntry } from '@core/words';
import type { Option } from '@ui/components/OptionPicker.vue';

// The next step of each stage stands first and is the main one.
const kMain: Record<string, string[]> = {
  reported: ['register', 'verify'], verifying: ['verify'], pending_register: ['register'], pending_dispatch: ['dispatch'],
  pending_handle: ['accept', 'assign'], handling: ['finish', 'arrive'], handle_finish: ['feedback'], pending_feedback: ['feedback'],
  checking: ['check'], pending_close: ['close'], suspended: ['resume'], closed: ['revisit'], cancelled: ['unmerge'],
};
const kKeys: Record<string, string> = { merge: 'm', verify: 'v', reject: 'r', return: 'b', comment: 'n', rework: 'w' };
const kLast = ['supervise', 'instruct', 'split', 'comment', 'cancel', 'force_close'];
const kDanger = new Set(['reject', 'cancel', 'force_close']);

export function main_action(file: Case): Offer | null {
  for (const name of kMain[file.stage] ?? []) {
    const found = file.actions?.find((one) => one.name === name && one.enabled);
    if (found) return found;
  }
  return null;
}

export function case_operations(file: Case | null, perform: (offer: Offer) => void, main_key = 'Enter'): Operation[] {
  const offers = file?.actions ?? [];
  const main = file ? main_action(file) : null;
  const rank = (one: Offer): number => (one === main ? 0 : kLast.includes(one.name) ? 3 + kLast.indexOf(one.name) : one.enabled ? 1 : 2);
  return [...offers].sort((a, b) => rank(a) - rank(b)).flatMap((offer) => {
    const letter = kKeys[offer.name];
    const key = offer === main ? main_key : letter;
    const operation: Operation = {
      id: offer.name,
      label: term('action', offer.name),
      ...(key ? { key } : {}),
      tone: offer === main ? ('primary' as const) : kDanger.has(offer.name) && offer.enabled ? ('danger' as const) : ('plain' as const),
      why_not: is_down.value ? c('needs_server') : why_not(offer),
      perform: () => perform(offer),
    };
    // The main step keeps its own letter beside Enter.
    return offer === main && letter ? [operation, { ...operation, id: `${offer.name}.letter`, key: letter, hidden: true }] : [operation];
  });
}

export function needs_words(offer: Offer): boolean {
  return (offer.fields ?? []).length > 0;
}

export async function act_on_case(file: Case, action: string, body: Record<string, unknown>, key?: string, rev = file.rev): Promise<Case> {
  const options = { if_match: rev, keepalive: true, ...(key ? { key } : {}) };
  return post<Case>(`/cases/${file.no}/actions`, { action, ...body }, options);
}

export interface Similar { file: Case; distance_m: number | null; photo?: string }
const kSimilar_m = 500;
const kSimilar = 5;
type CaseNear = Case & { distance_m?: number };

// Open cases that may be the same problem: same class first, then by distance; within 500 m or of the same asset. Each with a photo
// where somebody took one.
export async function similar_cases(file: Case, signal?: AbortSignal): Promise<Similar[]> {
  const near = file.location?.coordinates.join(',');
  const asked: Promise<List<CaseNear>>[] = [];
  if (near) asked.push(get('/cases', { open: true, near, radius_m: kSimilar_m, limit: 50 }, signal));
  if (file.asset) asked.push(get('/cases', { open: true, asset: file.asset, limit: 20 }, signal));
  const found = new Map<string, CaseNear>();
  for (const { items } of await Promise.all(asked)) for (const one of items) if (one.no !== file.no && !found.has(one.no)) found.set(one.no, one);
  const rows = [...found.values()].sort((a, b) => Number(b.class?.code === file.class?.code) - Number(a.class?.code === file.class?.code) || (a.distance_m ?? 1e9) - (b.distance_m ?? 1e9)).slice(0, kSimilar);
  return Promise.all(rows.map(async (one) => {
    const photo = await photo_of(one, signal);
    return { file: one, distance_m: one.distance_m ?? null, ...(photo ? { photo } : {}) };
  }));
}

async function photo_of(file: Case, signal?: AbortSignal): Promise<string | undefined> {
  if (!file.reports?.length) return undefined;
  const report = await get<Report>(`/reports/${encodeURIComponent(file.reports[0]!)}`, {}, signal).catch(() => null);
  const id = report?.attachments?.[0];
  return id ? attachment_url(id) : undefined;
}

export function merge_options(rows: Similar[]): Option[] {
  return rows.map(({ file, distance_m }) => ({ value: file.no, label: `${short_case(file.no)} ${file.title}`, note: distance_m === null ? '' : metres(distance_m) }));
}

export function candidate_options(file: Case, names: Record<string, string>): Option[] {
  return [...(file.candidates ?? [])].sort((a, b) => b.score - a.score).map((one) => ({ value: one.unit, label: one.unit_name ?? names[one.unit] ?? one.unit, note: one.because }));
}

// What the form of an action begins with. For several cases only what is the same for all: a unit that fits one may not fit
// the next.
export function first_values(action: string, files: readonly Case[], unit = ''): Record<string, string> {
  const [file] = files;
  if (!file) return {};
  if (action === 'dispatch' && unit && files.length === 1) return { unit };
  if (action !== 'register') return {};
  const shared = (read: (one: Case) => string): string => (files.every((one) => read(one) === read(file)) ? read(file) : '');
  return { class: shared((one) => class_key(one.class)), urgency: shared((one) => one.urgency ?? 'normal') };
}

export interface Change { field: string; before: string; now: string; by?: string; at?: string }

// What another person changed: the fields that a reader would notice.
export function changes_between(before: Case, now: Case): Change[] {
  const shown: [string, (one: Case) => string][] = [
    ['stage', (one) => term('stage', one.stage)],
    ['unit', (one) => one.unit_name || one.unit || ''],
    ['handler', (one) => one.handler_name || one.handler || ''],
    ['urgency', (one) => term('urgency', one.urgency)],
    ['level', (one) => term('level', one.level)],
    ['title', (one) => one.title],
    ['class', (one) => one.class?.code ?? ''],
    ['deadline', (one) => date_time(one.deadline?.at)],
  ];
  return shown.flatMap(([field, read]) => (read(before) === read(now) ? [] : [{ field, before: read(before) || '—', now: read(now) || '—' }]));
}

// The timeline since the revision that was seen, and each change with the last entry that can have made it: one that names
// the field, or for the stage one that moved it; what follows from a step (the deadline) is of the last step.
export function what_changed(before: Case, now: Case): { changes: Change[]; entries: TimelineEntry[] } {
  const seen = Math.max(0, ...(before.timeline ?? []).map((one) => one.seq));
  const entries = (now.timeline ?? []).filter((one) => one.seq > seen);
  const moved = entries.filter((one) => one.to && one.to !== one.from);
  const of = (field: string): TimelineEntry | undefined => entries.filter((one) => one.fields && field in one.fields).at(-1) ?? moved.at(-1) ?? entries.at(-1);
  const changes = changes_between(before, now).map((one) => {
    const entry = one.field === 'stage' ? (moved.at(-1) ?? entries.at(-1)) : of(one.field);
    return entry ? { ...one, by: entry.actor_name || entry.actor.replace(/^user:/, ''), at: entry.at } : one;
  });
  return { changes, entries };
}
