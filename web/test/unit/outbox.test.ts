// SPDX-License-Identifier: Apache-2.0
// The outbox sends each thing once, in order per case, and never drops what the server refuses.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { session } from '@core/api';
import type { Store } from '@core/device';
import { again, discard, enqueue, of_others, outbox, send_outbox, start_outbox, told, type Queued } from '@core/outbox';
import type { SessionDoc } from '@core/words';

interface Sent { method: string; path: string; key: string | null; match: string | null; body: unknown }
const device = new Map<string, Queued>();
const store: Store = {
  all: async () => [...device.values()],
  put: async (one) => void device.set(one.id, { ...one, photos: one.photos.map((photo) => ({ ...photo })) }),
  remove: async (id) => void device.delete(id),
};
let sent: Sent[] = [];
let down = false;
let enabled = true;
let code = 'handler';
let may_comment = true;
let lost = false;                  // the server does it, and its answer is lost
let rev = 7;
let timeline: { seq: number; at: string; actor: string; action: string; fields: Record<string, string> }[] = [];
const person = (name: string): SessionDoc => ({ csrf: 'c', user: { name, roles: ['handler'] }, expires_at: null, idle_seconds: 0 });

function answer(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
}
beforeEach(async () => {
  device.clear();
  sent = [];
  down = false;
  enabled = true;
  code = 'handler';
  may_comment = true;
  lost = false;
  rev = 7;
  timeline = [];
  session.value = person('wang');
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    if (down) throw new TypeError('network');
    const headers = init.headers as Record<string, string>;
    const method = init.method ?? 'GET';
    if (method === 'GET') return answer(200, { no: '1', rev, timeline, actions: ['accept', 'finish', 'comment'].map((name) => ({ name, enabled: name === 'comment' ? may_comment : enabled, code, why_not: 'the case went to others' })) });
    sent.push({ method, path, key: headers['idempotency-key'] ?? null, match: headers['if-match'] ?? null, body: init.body instanceof Blob ? 'photo' : JSON.parse(String(init.body)) });
    if (path.includes('attachments')) return answer(201, { id: `photo-${sent.length}` });
    rev += 1;
    const { action, done_at } = JSON.parse(String(init.body)) as Record<string, string>;
    timeline = [...timeline, { seq: rev, at: '', actor: `user:${session.value!.user.name}`, action: action ?? '', fields: { done_at: done_at ?? '' } }];
    if (lost) throw new TypeError('network');
    return answer(200, { no: '1', rev });
  });
  await start_outbox(store);
});
const settle = async (): Promise<void> => {
  for (let i = 0; i < 30; i += 1) await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('the outbox', () => {
  it('keeps what is done without a network, also over a reload, and sends it in order once', async () => {
    down = true;
    await enqueue({ kind: 'action', case_no: '1', action: 'accept', title: 'a', body: {}, photos: [] });
    await enqueue({ kind: 'action', case_no: '1', action: 'finish', title: 'b', body: { comment: 'done' }, photos: [new Blob(['x'])] });
    await settle();
    expect(sent).toEqual([]);
    await start_outbox(store);                    // the page is loaded again
    expect(outbox.value.map((one) => one.action)).toEqual(['accept', 'finish']);
    down = false;
    await settle();
    await send_outbox();
    await settle();
    expect(sent.map((one) => (one.body === 'photo' ? 'photo' : (one.body as { action: string }).action))).toEqual(['accept', 'photo', 'finish']);
    expect(sent[0]!.match).toBe('"7"');
    expect(sent[2]!.match).toBe('"8"');
    const [first, second] = [sent[0]!.body as { done_at: string }, sent[2]!.body as { done_at: string }];
    expect(sent[2]!.body).toEqual({ action: 'finish', comment: 'done', attachments: ['photo-2'], done_at: second.done_at });
    expect(Date.parse(second.done_at)).toBeGreaterThan(Date.parse(first.done_at));
    expect(new Set(sent.map((one) => one.key)).size).toBe(3);
    expect(device.size).toBe(0);
    await send_outbox();
    expect(sent).toHaveLength(3);
  });
  it('an answer that was lost makes no second act', async () => {
    lost = true;
    await enqueue({ kind: 'action', case_no: '1', action: 'finish', title: 'b', body: { comment: 'mended' }, here: { place: [106.5, 29.5], accuracy_m: 9 }, photos: [] });
    await settle();
    expect(sent).toHaveLength(1);
    expect(sent[0]!.body).toMatchObject({ location: { type: 'Point', coordinates: [106.5, 29.5] }, accuracy_m: 9 });
    expect(outbox.value).toHaveLength(1);
    lost = false;
    enabled = false;                              // it is done: nobody may do it again
    await start_outbox(store);
    await settle();
    expect(sent).toHaveLength(1);
    expect(device.size).toBe(0);
  });
  it('a repeat that the timeline does not show yet has the same key and the same body', async () => {
    lost = true;
    await enqueue({ kind: 'action', case_no: '1', action: 'finish', title: 'b', body: {}, photos: [] });
    await settle();
    timeline = [];
    lost = false;
    await send_outbox();
    expect(sent).toHaveLength(2);
    expect(sent[1]).toEqual({ ...sent[0], match: '"8"' });
    expect(device.size).toBe(0);
  });
  it('what the case has left behind goes into it as a comment, and the person is told', async () => {
    enabled = false;
    await enqueue({ kind: 'action', case_no: '1', action: 'finish', title: 'b', body: { comment: 'mended' }, photos: [new Blob(['x'])] });
    await settle();
    expect(sent.at(-1)!.body).toMatchObject({ action: 'comment', attachments: ['photo-1'] });
    expect((sent.at(-1)!.body as { comment: string }).comment).toMatch(/处置完成.*指派的处置人员[^]*mended/);
    expect(told.value).toMatchObject([{ instead_of: 'finish', code: 'handler', photos: [], photos_sent: 1 }]);
    await start_outbox(store);                    // it is still told after a reload
    expect(told.value).toHaveLength(1);
    await discard(told.value[0]!.id);
    expect(device.size).toBe(0);
  });
  it('an act without words and photos is told and holds nothing back', async () => {
    enabled = false;
    await enqueue({ kind: 'action', case_no: '1', action: 'accept', title: 'a', body: {}, photos: [] });
    await settle();
    expect(sent).toEqual([]);
    expect(told.value).toMatchObject([{ instead_of: 'accept', code: 'handler' }]);
    enabled = true;
    await enqueue({ kind: 'action', case_no: '1', action: 'finish', title: 'b', body: {}, photos: [] });
    await settle();
    expect(sent).toHaveLength(1);
  });
  it('keeps the photos of what can go nowhere', async () => {
    enabled = may_comment = false;
    await enqueue({ kind: 'action', case_no: '1', action: 'finish', title: 'b', body: {}, photos: [new Blob(['x'])] });
    await settle();
    expect(sent).toEqual([]);
    expect(outbox.value).toMatchObject([{ state: 'stuck', code: 'handler' }]);
    expect([...device.values()][0]!.photos).toHaveLength(1);
    enabled = true;
    await again(outbox.value[0]!);
    expect(device.size).toBe(0);
  });
  it('belongs to who did it', async () => {
    down = true;
    await enqueue({ kind: 'report', title: 'r', body: { title: 'hole' }, photos: [] });
    await settle();
    down = false;
    session.value = person('li');
    await start_outbox(store);
    await settle();
    expect(sent).toEqual([]);
    expect(outbox.value).toEqual([]);
    expect(of_others.value).toHaveLength(1);
    session.value = person('wang');
    await send_outbox();
    expect(sent[0]!.body).toMatchObject({ title: 'hole', id: of_others.value[0]?.id ?? sent[0]!.key });
  });
  it('a stuck thing holds back only its own case', async () => {
    enabled = false;
    code = 'proof';                               // the person has to do something about it
    await enqueue({ kind: 'action', case_no: '1', action: 'finish', title: 'a', body: {}, photos: [] });
    await settle();
    await enqueue({ kind: 'action', case_no: '1', action: 'comment', title: 'b', body: { comment: 'c' }, photos: [] });
    await enqueue({ kind: 'report', title: 'r', body: { title: 'hole' }, photos: [] });
    await settle();
    expect(sent.map((one) => one.path)).toEqual(['/api/v1/reports']);
    for (const one of [...outbox.value]) await discard(one.id);
    expect(device.size).toBe(0);
  });
});
