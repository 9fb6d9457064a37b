// SPDX-License-Identifier: Apache-2.0
// The only place that speaks HTTP. Errors become Problem with the server's stable code; writes carry an Idempotency-Key
// and the session's CSRF token; a session that ended opens one dialog and the call continues after signing in again.
import { shallowRef } from 'vue';
import { uuid } from './random';
import type { SessionDoc } from './words';

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly body: Record<string, unknown> = {},
    readonly retry_after: number | null = null,
  ) {
    super(`${code}: ${detail}`);
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>;
export interface Options {
  query?: Query;
  body?: unknown;                 // JSON unless a Blob
  if_match?: number | string;
  key?: string;                   // Idempotency-Key; drawn when absent
  signal?: AbortSignal;
  headers?: Record<string, string>;
  plain?: boolean;                // no session dialog on 401
  keepalive?: boolean;            // sent even while the page goes
}

export const session = shallowRef<SessionDoc | null>(null);
// Set while the page waits for somebody to sign in again; the dialog calls `sign_in`.
export const session_ended = shallowRef(false);
let waiting: { promise: Promise<void>; done: () => void } | null = null;

function wait_for_session(): Promise<void> {
  if (!waiting) {
    let done: () => void = () => {};
    const promise = new Promise<void>((resolve) => (done = resolve));
    waiting = { promise, done };
    session_ended.value = true;
  }
  return waiting.promise;
}

export function url_of(path: string, query?: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '' && value !== false) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return `/api/v1${path}${text ? `?${text}` : ''}`;
}

export async function problem_of(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => '');
  const seconds = Number(response.headers.get('retry-after') ?? '');
  const retry_after = seconds > 0 ? seconds : null;
  try {
    const body = JSON.parse(text) as Record<string, unknown>;
    const code = typeof body['code'] === 'string' ? body['code'] : `http.${response.status}`;
    const detail = String(body['detail'] ?? body['title'] ?? '');
    return new Problem(response.status, code, detail, body, retry_after);
  } catch {
    return new Problem(response.status, `http.${response.status}`, text.slice(0, 200), {}, retry_after);
  }
}

async function send(method: string, path: string, options: Options, key: string): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json', ...options.headers };
  const write = method !== 'GET';
  let body: BodyInit | undefined;
  if (options.body instanceof Blob) {
    body = options.body;
    headers['content-type'] = options.body.type || 'application/octet-stream';
  } else if (options.body !== undefined) {
    body = JSON.stringify(options.body);
    headers['content-type'] = 'application/json';
  }
  if (write) {
    headers['idempotency-key'] = key;
    if (session.value) headers['x-csrf-token'] = session.value.csrf;
  }
  if (options.if_match !== undefined) headers['if-match'] = `"${options.if_match}"`;
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
  if (body !== undefined) init.body = body;
  if (options.keepalive) init.keepalive = true;
  if (options.signal) init.signal = options.signal;
  try {
    return await fetch(url_of(path, options.query), init);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Problem(0, 'network.unreachable', '');
  }
}

export async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const key = options.key ?? uuid();
  let response = await send(method, path, options, key);
  if (response.status === 401 && !options.plain) {
    await wait_for_session();
    response = await send(method, path, options, key);
  }
  if (!response.ok) throw await problem_of(response);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

// The bytes of an answer, for pictures that a header opens.
export async function get_blob(path: string, headers: Record<string, string>): Promise<Blob> {
  const response = await send('GET', path, { headers }, '');
  if (!response.ok) throw await problem_of(response);
  return response.blob();
}
export const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  call<T>('GET', path, signal ? { query: query ?? {}, signal } : { query: query ?? {} });
// The answer as it is, for what is not JSON.
export async function get_text(path: string, query?: Query): Promise<string> {
  const response = await fetch(url_of(path, query), { credentials: 'same-origin' });
  if (!response.ok) throw await problem_of(response);
  return response.text();
}
export const post = <T>(path: string, body?: unknown, options: Options = {}): Promise<T> =>
  call<T>('POST', path, { ...options, body: body ?? {} });
export const put = <T>(path: string, body: unknown, options: Options = {}): Promise<T> =>
  call<T>('PUT', path, { ...options, body });
export const remove = <T>(path: string, options: Options = {}): Promise<T> => call<T>('DELETE', path, options);

// ---- session --------------------------------------------------------------------------------------------------

export async function load_session(): Promise<SessionDoc | null> {
  try {
    session.value = await call<SessionDoc>('GET', '/session', { plain: true });
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    session.value = null;
  }
  return session.value;
}

// Throws Problem `auth.wrong`, `auth.locked`. Another person than before gets a fresh page, never the former one's data.
export async function sign_in(name: string, password: string, wall = false): Promise<SessionDoc> {
  const before = session.value?.user.name;
  const body = wall ? { name, password, wall } : { name, password };
  const opened = await call<SessionDoc>('POST', '/session', { body, plain: true });
  session.value = opened;
  if (waiting) {
    if (before && before !== opened.user.name) {
      location.reload();
      return opened;
    }
    const { done } = waiting;
    waiting = null;
    session_ended.value = false;
    done();
  }
  return opened;
}

export async function sign_out(): Promise<void> {
  await call('DELETE', '/session', { plain: true }).catch(() => undefined);
  session.value = null;
  location.assign('/login');
}

// Every page but the login calls this first: without a session the browser goes to sign in and comes back.
export async function require_session(): Promise<SessionDoc | null> {
  const opened = await load_session();
  if (!opened) location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  return opened;
}

export function has_role(...roles: string[]): boolean {
  return session.value?.user.roles.some((role) => roles.includes(role)) ?? false;
}

export function attachment_url(id: string): string {
  return `/api/v1/attachments/${encodeURIComponent(id)}`;
}

// So that the field page's worker keeps the picture before somebody looks at it without a network.
export async function fetch_ahead(attachment: string): Promise<void> {
  await fetch(attachment_url(attachment)).catch(() => undefined);
}

// All pages of a list, at most `most` rows.
export async function get_all<T>(path: string, query: Query = {}, most = 2000, signal?: AbortSignal): Promise<T[]> {
  const rows: T[] = [];
  let cursor: string | null | undefined;
  do {
    const limit = Math.min(1000, most - rows.length);
    const page: { items: T[]; next?: string | null } = await get(path, { ...query, limit, cursor }, signal);
    rows.push(...page.items);
    cursor = page.next;
  } while (cursor && rows.length < most);
  return rows;
}
