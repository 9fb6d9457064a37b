// SPDX-License-Identifier: Apache-2.0
// Where the person is. Browsers give it on HTTPS (or this machine) and with consent only; nothing depends on it.
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue';

export interface Position { place: [number, number]; accuracy_m: number }
export function use_position(): { position: ShallowRef<Position | null>; asking: Ref<boolean>; failed: Ref<boolean>; locate: () => void } {
  const position = shallowRef<Position | null>(null);
  const asking = ref(false);
  const failed = ref(false);
  function locate(): void {
    if (!navigator.geolocation) {
      failed.value = true;
      return;
    }
    asking.value = true;
    failed.value = false;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        position.value = { place: [coords.longitude, coords.latitude], accuracy_m: Math.round(coords.accuracy) };
        asking.value = false;
      },
      () => {
        asking.value = false;
        failed.value = true;
      },
      { enableHighAccuracy: true, timeout: 12_000, maximumAge: 20_000 },
    );
  }
  return { position, asking, failed, locate };
}

export function distance_m(a: [number, number], b: [number, number]): number {
  return Math.hypot((a[0] - b[0]) * 111_320 * Math.cos((a[1] * Math.PI) / 180), (a[1] - b[1]) * 110_574);
}
