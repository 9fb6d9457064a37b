// SPDX-License-Identifier: Apache-2.0
// The draft that is being written, and its photos as they are seen.
import { ref } from 'vue';
import { shrink } from '@core/photo';
import { drafts, keep_draft, new_draft, type Draft } from './store';

export const kMostPhotos = 3;
export const draft = ref<Draft>(new_draft());

let begun = false;

export function start_draft(key?: string): void {
  begun = true;
  const kept = key ? drafts.value.find((one) => one.key === key) : undefined;
  draft.value = kept ? { ...kept, photos: kept.photos.map((one) => ({ ...one })) } : new_draft();
}
// The page was loaded anew while somebody was writing: they go on where they were.
export function resume_draft(): void {
  const last = drafts.value.find((one) => !one.sending);
  if (!begun && last) start_draft(last.key);
}
// A photo that this browser cannot read (HEIC on some) goes as it is; the server says whether it can.
export async function keep_photo(file: File): Promise<void> {
  if (draft.value.photos.length >= kMostPhotos) return;
  const blob = await shrink(file).catch(() => file as Blob);
  draft.value.photos.push({ blob });
  await keep_draft(draft.value as Draft);
}
export async function drop_photo(index: number): Promise<void> {
  draft.value.photos.splice(index, 1);
  await keep_draft(draft.value as Draft);
}
