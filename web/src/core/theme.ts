// SPDX-License-Identifier: Apache-2.0
// Night or day. A face has its own default (screen: night; desk and field: day); a person's choice is kept per face.
import { ref } from 'vue';

export type Theme = 'night' | 'day';
export const theme = ref<Theme>('day');
let kept = '';

export function start_theme(face: string, by_default: Theme): void {
  kept = `cityloop.theme.${face}`;
  const asked = new URLSearchParams(location.search).get('theme');
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(kept);
  } catch {
    stored = null;
  }
  const chosen = asked ?? stored;
  show(chosen === 'night' || chosen === 'day' ? chosen : by_default);
}

function show(next: Theme): void {
  theme.value = next;
  document.documentElement.dataset['theme'] = next;
}

export function set_theme(next: Theme): void {
  show(next);
  try {
    localStorage.setItem(kept, next);
  } catch {
    // lasts for the page
  }
}
