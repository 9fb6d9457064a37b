// SPDX-License-Identifier: Apache-2.0
// Where the person is, asked once when a step needs it and never between: no position is watched. Browsers give it on HTTPS
// (or this machine) and with consent only; nothing depends on it.
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import type { FieldPlace } from '@core/outbox';

const kPatience = 12_000;
const kFresh = 20_000;
const kAtSending = 3000;           // pressing the button waits no longer for a position that is on its way

export interface Finder { position: ShallowRef<FieldPlace | null>; asking: Ref<boolean>; failed: Ref<boolean>; locate: () => void; settled: () => Promise<FieldPlace | null> }
export function use_position(): Finder {
  const position = shallowRef<FieldPlace | null>(null);
  const asking = ref(false);
  const failed = ref(false);
  let pending: Promise<void> = Promise.resolve();
  function locate(): void {
    if (!navigator.geolocation) {
      failed.value = true;
      return;
    }
    asking.value = true;
    failed.value = false;
    pending = new Promise((resolve) => {
      const over = (): void => {
        asking.value = false;
        resolve();
      };
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          position.value = { place: [coords.longitude, coords.latitude], accuracy_m: Math.round(coords.accuracy) };
          over();
        },
        () => {
          failed.value = true;
          over();
        },
        { enableHighAccuracy: true, timeout: kPatience, maximumAge: kFresh },
      );
    });
  }
  async function settled(): Promise<FieldPlace | null> {
    await Promise.race([pending, new Promise((resolve) => setTimeout(resolve, kAtSending))]);
    return position.value;
  }
  return { position, asking, failed, locate, settled };
}

export function distance_m(a: [number, number], b: [number, number]): number {
  return Math.hypot((a[0] - b[0]) * 111_320 * Math.cos((a[1] * Math.PI) / 180), (a[1] - b[1]) * 110_574);
}
