// SPDX-License-Identifier: Apache-2.0
// Views that a person saved: a name, the filters as they stand in the address, the hidden columns and the order. Kept in the
// browser, each person's own.
import { session } from '@core/api';

export interface Sort { key: string; down: boolean }
export interface SavedView { name: string; query: string; hidden: string[]; sort: Sort | null }

const kMost = 30;
const key_of = (page: string): string => `cityloop.views.${session.value?.user.name ?? ''}.${page}`;

// The part of an address that belongs to a view: not the row where the reader stands.
export function view_query(search: URLSearchParams): string {
  const kept = new URLSearchParams(search);
  for (const name of ['row', 'lang']) kept.delete(name);
  kept.sort();
  return kept.toString();
}

export function read_views(text: string | null): SavedView[] {
  try {
    const rows: unknown = JSON.parse(text ?? '[]');
    if (!Array.isArray(rows)) return [];
    return rows.flatMap((one: Partial<SavedView> | null) => (one && typeof one.name === 'string' && typeof one.query === 'string'
      ? [{ name: one.name, query: one.query, hidden: Array.isArray(one.hidden) ? one.hidden.filter((key) => typeof key === 'string') : [], sort: one.sort && typeof one.sort.key === 'string' ? { key: one.sort.key, down: Boolean(one.sort.down) } : null }]
      : []));
  } catch {
    return [];
  }
}

// A view of the same name is replaced where it stands.
export function with_view(views: readonly SavedView[], view: SavedView): SavedView[] {
  const at = views.findIndex((one) => one.name === view.name);
  if (at >= 0) return views.map((one, i) => (i === at ? view : one));
  return [...views, view].slice(-kMost);
}

export function load_views(page: string): SavedView[] {
  try {
    return read_views(localStorage.getItem(key_of(page)));
  } catch {
    return [];
  }
}
export function keep_views(page: string, views: readonly SavedView[]): void {
  try {
    localStorage.setItem(key_of(page), JSON.stringify(views));
  } catch {
    // private windows: lasts for the page
  }
}
