// SPDX-License-Identifier: Apache-2.0
// What the field brings as evidence, in words: when and where it was really done, which pictures were used before, and the
// pictures from before and after the work.
import { attachment_url } from '@core/api';
import { date, date_time, millis, time } from '@core/format';
import { term } from '@core/i18n/terms';
import type { Case, TimelineEntry } from '@core/words';
import type { Photo } from './components/PhotoGrid.vue';
import { t } from './words';

const kLate = 30_000;             // what is done with a network arrives within this, pictures included
const kAfter = ['finish', 'feedback', 'check'];

export const is_late = (done: string | null | undefined, arrived: string | null | undefined): boolean => (millis(arrived) ?? 0) - (millis(done) ?? Infinity) >= kLate;

export function circumstances(entry: TimelineEntry): string[] {
  const { done_at, location, accuracy_m, distance_m } = entry.fields ?? {};
  const shown = date(done_at) === date(entry.at) ? time : date_time;
  const lines = is_late(done_at, entry.at) ? [t('late_entry', { done: shown(done_at), at: shown(entry.at) })] : [];
  const place = location?.split(',').map((one) => Number(one).toFixed(5)).join(', ');
  const parts = [place ? t('place_entry', { place }) : '', accuracy_m ? t('place_accuracy', { n: accuracy_m }) : '', distance_m ? t('place_distance', { n: distance_m }) : ''];
  const where = parts.filter(Boolean).join(' · ');
  return where ? [...lines, where] : lines;
}

// Empty: the picture is new. The server marks what came before; where within this case is found here.
export function used_before(entries: TimelineEntry[], entry: TimelineEntry, id: string): string {
  if (!entry.fields?.['used_again']?.split(' ').includes(id)) return '';
  const first = entries.filter((one) => one.seq < entry.seq && one.attachments?.includes(id)).sort((a, b) => a.seq - b.seq)[0];
  return first ? t('used_here', { action: term('action', first.action), at: date_time(first.at) }) : t('used_elsewhere');
}

const unique = (rows: Photo[]): Photo[] => rows.filter((one, i) => rows.findIndex((other) => other.id === one.id) === i);

// Before: what reports, verifications and the arrival brought; after: what the work and its check brought.
export function pair_of(file: Case): { before: Photo[]; after: Photo[]; used: string[] } {
  const entries = file.timeline ?? [];
  const of = (pick: (one: TimelineEntry) => boolean): Photo[] =>
    entries.filter(pick).flatMap((entry) => (entry.attachments ?? []).map((id) => {
      const used = used_before(entries, entry, id);
      return { id, url: attachment_url(id), caption: `${term('action', entry.action)} ${date_time(entry.fields?.['done_at'] ?? entry.at)}${used ? ` · ${used}` : ''}`, ...(used ? { mark: t('used_mark') } : {}) };
    }));
  const reported = (file.report_docs ?? []).flatMap((one) => (one.attachments ?? []).map((id) => ({ id, url: attachment_url(id), caption: one.title })));
  const used = entries.flatMap((entry) => (entry.attachments ?? []).map((id) => used_before(entries, entry, id))).filter((line) => line !== '');
  return { before: unique([...of((one) => !kAfter.includes(one.action)), ...reported]), after: unique(of((one) => kAfter.includes(one.action))), used: [...new Set(used)] };
}
