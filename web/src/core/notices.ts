// SPDX-License-Identifier: Apache-2.0
// Notices of some subjects (a case, its alarms), live: asked once, then each event replaces its notice or adds one.
import { onBeforeUnmount, shallowRef, watch, type ShallowRef } from 'vue';
import { get, has_role } from './api';
import { date_time } from './format';
import { t } from './i18n/words';
import * as live from './live';
import type { List, Notice } from './words';

export const may_read_notices = (): boolean => has_role('acceptor', 'shift_leader', 'dispatcher', 'admin', 'leader', 'inspector');

// Newest first; the same notice again takes its place. Pure.
export function with_notice(list: readonly Notice[], one: Notice): Notice[] {
  const i = list.findIndex((other) => other.id === one.id);
  return i < 0 ? [one, ...list] : list.map((other, at) => (at === i ? one : other));
}

export const notice_mark = (one: Notice): 'arc' | 'dot' | 'tick' | 'slash' | 'pause' =>
  one.state === 'failed' ? 'slash' : one.state === 'waiting' ? (one.held_until ? 'pause' : 'arc') : one.state === 'sent' ? 'dot' : 'tick';

// When it got where it is, or why it is not there yet.
export function notice_note(one: Notice): string {
  if (one.state === 'read') return date_time(one.read_at);
  if (one.state === 'delivered') return date_time(one.delivered_at);
  if (one.state === 'sent') return date_time(one.sent_at);
  if (one.held_until) return t('quiet_until', { time: date_time(one.held_until) });
  return one.last_error ?? '';
}

export function on_notice(handler: (one: Notice) => void): () => void {
  const topic = live.subscribe('notice');
  const end = live.on_event((event) => {
    if (event.k === 'notice.put') handler(event.d as Notice);
  });
  return () => {
    end();
    topic.end();
  };
}

export function use_notices(subjects: () => string[]): ShallowRef<Notice[]> {
  const list = shallowRef<Notice[]>([]);
  if (!may_read_notices()) return list;
  async function load(): Promise<void> {
    const asked = subjects();
    if (!asked.length) return void (list.value = []);
    const page = await get<List<Notice>>('/notices', { subject: asked.join(','), limit: 200 }).catch(() => null);
    if (page && asked.join() === subjects().join()) list.value = page.items;
  }
  watch(() => subjects().join(), () => void load(), { immediate: true });
  const ends = [
    on_notice((one) => {
      if (subjects().includes(one.subject)) list.value = with_notice(list.value, one);
    }),
    live.on_snapshot(() => void load()),
  ];
  onBeforeUnmount(() => ends.forEach((end) => end()));
  return list;
}
