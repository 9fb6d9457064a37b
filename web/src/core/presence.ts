// SPDX-License-Identifier: Apache-2.0
// Who else has the same case open (live socket, `here`). One subject a page; leaving the page leaves the case.
import { computed, onBeforeUnmount, shallowRef, watch, type ComputedRef } from 'vue';
import { session } from './api';
import * as live from './live';

export interface Presence { n: number; subject: string; people: { id: string; person: string }[] }

// The newer word about the subject that is open; another subject's, or an overtaken one, changes nothing.
export function newer(now: Presence | null, heard: Presence, subject: string | null): Presence | null {
  if (heard.subject !== subject) return now;
  return now && now.subject === heard.subject && now.n >= heard.n ? now : heard;
}

export function use_presence(subject: () => string | null): ComputedRef<string[]> {
  const now = shallowRef<Presence | null>(null);
  const end = live.on_here((heard) => (now.value = newer(now.value, heard, subject())));
  watch(subject, (one) => {
    now.value = null;
    live.stand_at(one);
  }, { immediate: true });
  onBeforeUnmount(() => {
    end();
    live.stand_at(null);
  });
  const me = `user:${session.value?.user.name ?? ''}`;
  return computed(() => (live.is_down.value ? [] : (now.value?.people ?? []).filter((one) => one.id !== me).map((one) => one.person || one.id.replace(/^\w+:/, ''))));
}
