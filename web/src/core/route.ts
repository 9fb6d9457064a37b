// SPDX-License-Identifier: Apache-2.0
// Addresses: the path chooses a page, the query holds the view (filters, selection, camera). A link reproduces the view.
import { computed, shallowRef, type Component, type ComputedRef } from 'vue';

export interface Page { pattern: string; component: Component; title: () => string }
export interface Match { page: Page; parameters: Record<string, string> }

export const here = shallowRef(new URL(location.href));
const leave_checks = new Set<() => boolean>();
// Asked before another page is opened; the answer no stays here.
export function guard_leaving(may_leave: () => boolean): () => void {
  leave_checks.add(may_leave);
  return () => leave_checks.delete(may_leave);
}

function moved(): void {
  here.value = new URL(location.href);
}
window.addEventListener('popstate', moved);

export function go(address: string, options: { replace?: boolean } = {}): void {
  const target = new URL(address, location.href);
  if (target.pathname !== location.pathname && [...leave_checks].some((may_leave) => !may_leave())) return;
  if (options.replace) history.replaceState(null, '', target);
  else history.pushState(null, '', target);
  moved();
  if (!options.replace) window.scrollTo(0, 0);
}

export const query: ComputedRef<URLSearchParams> = computed(() => here.value.searchParams);

// Changes some parameters of the query, keeps the rest; empty values leave the address.
export function set_query(changes: Record<string, string | null | undefined>, options = { replace: true }): void {
  const next = new URL(here.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.searchParams.set(name, value);
    else next.searchParams.delete(name);
  }
  if (next.href !== here.value.href) go(next.href, options);
}

export function match(pages: readonly Page[], path: string): Match | null {
  for (const page of pages) {
    const names: string[] = [];
    const source = page.pattern.replace(/:(\w+)/g, (_whole, name: string) => {
      names.push(name);
      return '([^/]+)';
    });
    const found = new RegExp(`^${source}/?$`).exec(path);
    if (!found) continue;
    const parameters: Record<string, string> = {};
    names.forEach((name, i) => (parameters[name] = decodeURIComponent(found[i + 1] ?? '')));
    return { page, parameters };
  }
  return null;
}

// Links inside the app go without a reload; those with a modifier, a target or another face are the browser's.
export function follow_links(root: HTMLElement, prefix: string): void {
  root.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const anchor = (event.target as Element | null)?.closest?.('a[href]') as HTMLAnchorElement | null;
    if (!anchor || anchor.target || anchor.hasAttribute('download') || anchor.origin !== location.origin) return;
    if (!anchor.pathname.startsWith(prefix)) return;
    event.preventDefault();
    go(anchor.href);
  });
}
