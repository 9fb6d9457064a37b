// SPDX-License-Identifier: Apache-2.0
// What the server tells people without an account (docs/api.md, /api/v1/public).
import { shallowRef } from 'vue';
import { call, get, get_blob, post, remove } from '@core/api';
import type { LngLat } from '@map/geometry';
import type { Outline } from '@map/outlines';

export interface Offer { city: string; classes: { key: string; title_zh: string; title_en: string }[]; places: { name: string; title_zh: string; title_en: string }[] }
export interface Similar { no: string; distance_m: number; title_zh: string; title_en: string; opened_at: string; progress: string; people: number }
export interface Fact { name: string; title_zh: string; title_en: string; unit: string; value: string | number | boolean }
export interface Place { id: string; name: string; area: string; location: { coordinates: LngLat } | null; gcj02: LngLat | null; distance_m: number | null; facts: Fact[] }
export interface Filed { report: string; case: string | null; state: string; key: string; expected_at: string | null }
export interface Step { name: 'accepted' | 'handling' | 'closed'; at: string | null; unit: string | null }
export interface Happening { what: string; at: string; unit: string | null; note: string | null }
export interface Followed {
  report: string; case: string | null; title: string; text: string; address: string; class_zh: string; class_en: string; area: string;
  reported_at: string; before: string[]; after: string[]; expected_at: string | null; progress: string; unit: string | null; people: number;
  reopened: number; steps: Step[]; events: Happening[]; may: { unsolved: boolean; rate: boolean; unsolved_until: string | null }; stars: string | null;
}

export const offer = shallowRef<Offer | null>(null);
export async function load_offer(): Promise<Offer> {
  offer.value ??= await get<Offer>('/public');
  return offer.value;
}
let asked: Promise<Outline[]> | null = null;
export function districts(): Promise<Outline[]> {
  asked ??= get<{ items: Outline[] }>('/public/districts').then(({ items }) => items, (error: unknown) => {
    asked = null;
    throw error;
  });
  return asked;
}
export const similar_to = (klass: string, place: LngLat): Promise<{ items: Similar[] }> => get('/public/nearby', { class: klass, near: place.join(',') });
export const places_of = (kind: string, where: { near: LngLat } | { area: string }): Promise<{ items: Place[] }> =>
  get('/public/places', 'near' in where ? { kind, near: where.near.join(',') } : { kind, area: where.area });
export const send_photo = async (photo: Blob): Promise<string> => (await call<{ id: string }>('POST', '/public/photos', { body: photo, plain: true })).id;
export const send_report = (body: object, key: string): Promise<Filed> => post('/public/reports', body, { key, plain: true });
export const met_too = (no: string, key: string): Promise<Filed> => call('POST', `/public/cases/${no}:same`, { key, plain: true });

const opened = (key: string): { headers: Record<string, string>; plain: true } => ({ headers: { 'follow-key': key }, plain: true });
export const follow = (report: string, key: string): Promise<Followed> => call('GET', `/public/follows/${report}`, opened(key));
export const photo_of = (report: string, key: string, id: string): Promise<Blob> => get_blob(`/public/follows/${report}/photos/${id}`, opened(key).headers);
export const say_unsolved = (report: string, key: string, reason: string): Promise<Followed> => post(`/public/follows/${report}:unsolved`, { reason }, opened(key));
export const rate = (report: string, key: string, stars: number, comment: string): Promise<Followed> => post(`/public/follows/${report}:rate`, { stars, ...(comment ? { comment } : {}) }, opened(key));
export const kept_of_me = (report: string, key: string): Promise<{ phone: string | null }> => call('GET', `/public/follows/${report}/person`, opened(key));
export const delete_me = (report: string, key: string): Promise<void> => remove(`/public/follows/${report}/person`, opened(key));
