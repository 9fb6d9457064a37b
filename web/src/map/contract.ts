// SPDX-License-Identifier: Apache-2.0
// What a page gives a map and hears from it; the same for the drawn map and the flat one without WebGL.
import type { LngLat } from './geometry';

export interface MapAlarm {
  id: string;
  asset: string;
  place: LngLat;
  level: number;               // 1–4
  acknowledged: boolean;
  cleared: boolean;
  drill: boolean;
}
export interface MapPoint { id: string; kind: number; place: LngLat; level: number; name: string }
export interface Camera { lng: number; lat: number; zoom: number }

export function camera_text({ lng, lat, zoom }: Camera): string {
  return `${lng.toFixed(4)},${lat.toFixed(4)},${zoom.toFixed(1)}`;
}
export function camera_of(text: string | null): Camera | null {
  const [lng, lat, zoom] = (text ?? '').split(',').map(Number);
  if (![lng, lat, zoom].every((one) => Number.isFinite(one))) return null;
  return { lng: lng!, lat: lat!, zoom: zoom! };
}
