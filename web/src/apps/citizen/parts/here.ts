// SPDX-License-Identifier: Apache-2.0
// Where the person is, when they let the browser say it. Nothing depends on it.
import { ref, shallowRef } from 'vue';
import type { LngLat } from '@map/geometry';

export interface Here { place: LngLat; accuracy_m: number }
export const here_now = shallowRef<Here | null>(null);
export const locating = ref(false);
export const refused = ref(false);

export function locate(): Promise<Here | null> {
  return new Promise((resolve) => {
    const fails = (): void => {
      locating.value = false;
      refused.value = true;
      resolve(null);
    };
    if (!navigator.geolocation) return fails();
    locating.value = true;
    refused.value = false;
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      locating.value = false;
      here_now.value = { place: [coords.longitude, coords.latitude], accuracy_m: Math.max(1, Math.round(coords.accuracy)) };
      resolve(here_now.value);
    }, fails, { enableHighAccuracy: true, timeout: 12_000, maximumAge: 20_000 });
  });
}
