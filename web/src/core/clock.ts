// SPDX-License-Identifier: Apache-2.0
// The only place that reads the computer's clock. Server time is the local clock plus the largest of the last offsets heard on
// the live socket: a message only ever arrives late, so the largest is the least delayed. Every age, deadline and latency uses it.
import { computed, ref, shallowRef } from 'vue';

const kSamples = 8;
const kSkewWarning = 30_000;
const samples: number[] = [];
const offset = ref(0);

export function local_now(): number {
  return Date.now();
}

// `now` of the server, heard just now; `half_trip` is half of a measured round trip, when one is known.
export function heard_server_time(now: number, half_trip = 0): void {
  samples.push(now + half_trip - Date.now());
  if (samples.length > kSamples) samples.shift();
  offset.value = Math.max(...samples);
}

// Milliseconds, with a fraction: latencies are measured with it.
export function server_now(): number {
  return performance.timeOrigin + performance.now() + drift() + offset.value;
}

// The page's monotonic clock and the wall clock may part (sleep, adjusted clocks); the wall clock wins beyond 5 ms.
function drift(): number {
  const difference = Date.now() - (performance.timeOrigin + performance.now());
  return Math.abs(difference) > 5 ? difference : 0;
}

export const skew_seconds = computed(() =>
  Math.abs(offset.value) > kSkewWarning ? Math.round(Math.abs(offset.value) / 1000) : 0,
);

// Server time, once a second. Reading `second.value` in a template makes it tick.
export const second = shallowRef(Math.floor(Date.now()));
let timer: ReturnType<typeof setInterval> | undefined;
export function start_ticking(): void {
  timer ??= setInterval(() => (second.value = Math.floor(server_now())), 1000);
  second.value = Math.floor(server_now());
}
export function stop_ticking(): void {
  clearInterval(timer);
  timer = undefined;
}
