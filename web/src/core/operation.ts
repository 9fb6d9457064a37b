// SPDX-License-Identifier: Apache-2.0
// An operation is an object: what it is called, its key, when it is there, why it is off, what it does. Buttons, keys, menus
// and the help read the same list.
import { onBeforeUnmount, onMounted, ref } from 'vue';

export interface Operation {
  id: string;
  label: string;
  key?: string;                      // `e`, `?`, `Escape`, `Ctrl+k`, `g s` (two keys after each other)
  why_not?: string | null;           // off, with this reason
  hidden?: boolean;                  // works by key, not shown as a button
  tone?: 'primary' | 'danger' | 'plain';
  perform: () => void | Promise<void>;
}

export const single_keys_off = ref(read_off());
function read_off(): boolean {
  try {
    return localStorage.getItem('cityloop.single_keys') === 'off';
  } catch {
    return false;
  }
}
export function set_single_keys_off(off: boolean): void {
  single_keys_off.value = off;
  try {
    localStorage.setItem('cityloop.single_keys', off ? 'off' : 'on');
  } catch {
    // lasts for the page
  }
}

export interface Scope { title: () => string; operations: () => Operation[] }
const scopes: Scope[] = [];
export const help_open = ref(false);

export function active_scopes(): readonly Scope[] {
  return scopes;
}

export function typing(event: KeyboardEvent): boolean {
  if (event.isComposing || event.keyCode === 229) return true;
  const target = event.target as HTMLElement | null;
  if (!target?.tagName) return false;
  if (target.isContentEditable) return true;
  if (target.tagName === 'INPUT') return !['checkbox', 'radio', 'button', 'submit', 'range'].includes((target as HTMLInputElement).type);
  return target.tagName === 'TEXTAREA' || target.tagName === 'SELECT';
}

export function key_of(event: KeyboardEvent): string {
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const modified = event.ctrlKey || event.metaKey ? 'Ctrl+' : event.altKey ? 'Alt+' : '';
  return modified + name;
}

let prefix = '';
let prefix_timer: ReturnType<typeof setTimeout> | undefined;

// Buttons and links keep their Enter and Space; a dialog on top takes every key but its own.
function press(event: KeyboardEvent): void {
  if (event.defaultPrevented) return;
  const key = key_of(event);
  const plain = key.length === 1 || key === 'Enter' || key === ' ';
  if (typing(event) && !(event.ctrlKey || event.metaKey) && key !== 'Escape') return;
  if (single_keys_off.value && key.length === 1 && key !== '?') return;
  const target = event.target as HTMLElement | null;
  if ((key === 'Enter' || key === ' ') && target?.closest?.('button, a, summary, [role=tab]')) return;
  if (plain && document.querySelector('dialog[open]')) return;
  const sequence = prefix ? `${prefix} ${key}` : key;
  prefix = '';
  for (let i = scopes.length - 1; i >= 0; i -= 1) {
    const operations = scopes[i]!.operations();
    const found = operations.find((one) => one.key === sequence);
    if (found) {
      event.preventDefault();
      if (!found.why_not) void found.perform();
      return;
    }
    if (operations.some((one) => one.key?.startsWith(`${sequence} `))) {
      prefix = sequence;
      clearTimeout(prefix_timer);
      prefix_timer = setTimeout(() => (prefix = ''), 1200);
      return;
    }
  }
}

let listening = 0;
export function use_operations(title: () => string, operations: () => Operation[]): void {
  const scope: Scope = { title, operations };
  onMounted(() => {
    scopes.push(scope);
    if (listening++ === 0) window.addEventListener('keydown', press);
  });
  onBeforeUnmount(() => {
    scopes.splice(scopes.indexOf(scope), 1);
    if (--listening === 0) window.removeEventListener('keydown', press);
  });
}
