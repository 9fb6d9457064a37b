// SPDX-License-Identifier: Apache-2.0
// What the page measures about itself (web.md §4.10); tests read it at `window.__city.metrics`.
import { shallowRef } from 'vue';

const kKept = 2000;

export class Histogram {
  private values: number[] = [];
  private next = 0;
  total = 0;
  add(value: number): void {
    this.total += 1;
    if (this.values.length < kKept) this.values.push(value);
    else this.values[this.next] = value;
    this.next = (this.next + 1) % kKept;
  }
  quantile(q: number): number | null {
    if (!this.values.length) return null;
    const sorted = [...this.values].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? null;
  }
  toJSON(): Record<string, number | null> {
    return { n: this.total, p50: this.quantile(0.5), p95: this.quantile(0.95), p99: this.quantile(0.99), max: this.quantile(1) };
  }
}

class Metrics {
  readonly alarm_to_pixel = new Histogram();   // ts.in → the dot's pixel read back after the draw
  readonly alarm_to_frame = new Histogram();   // ts.in → the frame in which the list row stands
  readonly alarm_to_page = new Histogram();    // ts.in → applied by the page's code
  readonly sensor_to_pixel = new Histogram();  // ts.src → the same pixel
  readonly apply_time = new Histogram();       // main thread, per flush
  readonly counts: Record<string, number> = {};
  readonly version = shallowRef(0);
  renderer = '';
  count(name: string, n = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + n;
  }
  changed(): void {
    this.version.value += 1;
  }
  toJSON(): unknown {
    const { alarm_to_pixel, alarm_to_frame, alarm_to_page, sensor_to_pixel, apply_time, counts, renderer } = this;
    return { alarm_to_pixel, alarm_to_frame, alarm_to_page, sensor_to_pixel, apply_time, counts, renderer };
  }
}

export const metrics = new Metrics();

declare global {
  interface Window { __city?: Record<string, unknown> }
}
if (typeof window !== 'undefined') window.__city = { ...window.__city, metrics };
