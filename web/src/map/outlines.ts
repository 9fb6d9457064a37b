// SPDX-License-Identifier: Apache-2.0
// Simplified borders of areas: enough to say where one is, and for a quiet map without tiles. Pure.
import type { LngLat } from './geometry';

export interface Outline { code: string; name: string; name_en: string; rings: LngLat[][] }

function inside([x, y]: LngLat, ring: LngLat[]): boolean {
  let odd = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [ax, ay] = ring[i]!;
    const [bx, by] = ring[j]!;
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}
export const outline_of = (all: Outline[], place: LngLat): Outline | null => all.find((one) => one.rings.some((ring) => inside(place, ring))) ?? null;
