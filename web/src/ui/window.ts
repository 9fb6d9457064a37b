// SPDX-License-Identifier: Apache-2.0
// Windowing of long lists with rows of one height: only what is near the view stands in the document.
import { computed, onBeforeUnmount, onMounted, ref, type ComputedRef, type Ref } from 'vue';

export function use_window(host: Readonly<Ref<HTMLElement | null>>, count: () => number, row_height: () => number, spare = 8): {
  first: ComputedRef<number>; last: ComputedRef<number>; above: ComputedRef<number>; below: ComputedRef<number>; reveal: (i: number) => void;
} {
  const top = ref(0);
  const height = ref(600);
  let watcher: ResizeObserver | null = null;
  const scrolled = (): void => {
    top.value = host.value?.scrollTop ?? 0;
  };
  onMounted(() => {
    host.value?.addEventListener('scroll', scrolled, { passive: true });
    if (typeof ResizeObserver === 'undefined' || !host.value) return;
    watcher = new ResizeObserver(([entry]) => (height.value = entry?.contentRect.height || 600));
    watcher.observe(host.value);
  });
  onBeforeUnmount(() => watcher?.disconnect());
  const first = computed(() => Math.max(0, Math.min(count(), Math.floor(top.value / row_height())) - spare));
  const last = computed(() => Math.min(count(), Math.ceil((top.value + height.value) / row_height()) + spare));
  return {
    first,
    last,
    above: computed(() => first.value * row_height()),
    below: computed(() => Math.max(0, (count() - last.value) * row_height())),
    reveal(i) {
      const box = host.value;
      if (!box) return;
      const at = i * row_height();
      if (at < box.scrollTop) box.scrollTop = at;
      else if (at + row_height() * 2 > box.scrollTop + box.clientHeight) box.scrollTop = at + row_height() * 2 - box.clientHeight;
    },
  };
}
