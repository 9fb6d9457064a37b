// SPDX-License-Identifier: Apache-2.0
// The outbox sends each thing once, in order per case, and never drops what the server refuses.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { as_comment, discard, enqueue, outbox, send_outbox, start_outbox, type Queued, type Store } from '@core/outbox';

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
let rev = 7;

function answer(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
}
beforeEach(async () => {
  device.clear();
  sent = [];
  down = false;
  enabled = true;
  rev = 7;
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    if (down) throw new TypeError('network');
    const headers = init.headers as Record<string, string>;
    const method = init.method ?? 'GET';
    if (method === 'GET') return answer(200, { no: '1', rev, actions: ['accept', 'finish', 'comment'].map((name) => ({ name, enabled: enabled || name === 'comment', why_not: 'the case went to another unit' })) });
    sent.push({ method, path, key: headers['idempotency-key'] ?? null, match: headers['if-match'] ?? null, body: init.body instanceof Blob ? 'photo' : JSON.parse(String(init.body)) });
    if (path.includes('attachments')) return answer(201, { id: `photo-${sent.length}` });
    rev += 1;
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
    outbox.value = [];
    await start_outbox(store);                    // the page is loaded again
    expect(outbox.value.map((one) => one.action)).toEqual(['accept', 'finish']);
    down = false;
    await settle();
    await send_outbox();
    await settle();
    expect(sent.map((one) => (one.body === 'photo' ? 'photo' : (one.body as { action: string }).action))).toEqual(['accept', 'photo', 'finish']);
    expect(sent[0]!.match).toBe('"7"');
    expect(sent[2]!.match).toBe('"8"');
    expect(sent[2]!.body).toEqual({ action: 'finish', comment: 'done', attachments: ['photo-2'] });
    expect(new Set(sent.map((one) => one.key)).size).toBe(3);
    expect(device.size).toBe(0);
    await send_outbox();
    expect(sent).toHaveLength(3);
  });
  it('keeps what the server refuses, with its reason, and sends it as a comment if one wants', async () => {
    enabled = false;
    await enqueue({ kind: 'action', case_no: '1', action: 'finish', title: 'b', body: { comment: 'mended' }, photos: [] });
    await settle();
    expect(outbox.value[0]).toMatchObject({ state: 'stuck', code: 'action.not_allowed', detail: 'the case went to another unit' });
    await as_comment(outbox.value[0]!);
    await settle();
    expect(sent.map((one) => one.body)).toEqual([{ action: 'comment', comment: 'mended' }]);
    expect(device.size).toBe(0);
  });
  it('a stuck thing holds back only its own case', async () => {
    enabled = false;
    await enqueue({ kind: 'action', case_no: '1', action: 'accept', title: 'a', body: {}, photos: [] });
    await settle();
    await enqueue({ kind: 'action', case_no: '1', action: 'finish', title: 'b', body: {}, photos: [] });
    await enqueue({ kind: 'report', title: 'r', body: { title: 'hole' }, photos: [] });
    await settle();
    expect(sent.map((one) => one.path)).toEqual(['/api/v1/reports']);
    for (const one of [...outbox.value]) await discard(one.id);
    expect(device.size).toBe(0);
  });
});
