// SPDX-License-Identifier: Apache-2.0
// 长辈版: larger words and targets, fewer entries, the same abilities. Kept on this phone.
import { ref, watchEffect } from 'vue';

const kStored = 'cityloop.elder';
function first(): boolean {
  const asked = new URLSearchParams(location.search).get('elder');
  if (asked !== null) return asked === '1';
  try {
    return localStorage.getItem(kStored) === '1';
  } catch {
    return false;
  }
}
export const elder = ref(first());
export function set_elder(next: boolean): void {
  elder.value = next;
  try {
    localStorage.setItem(kStored, next ? '1' : '0');
  } catch {
    // lasts for the page
  }
}
watchEffect(() => {
  document.documentElement.dataset['elder'] = elder.value ? 'yes' : 'no';
});
