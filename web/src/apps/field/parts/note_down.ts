// SPDX-License-Identifier: Apache-2.0
// Notes down what the person did: into the outbox, with its photos remembered as used, and a word about it.
import { shallowRef } from 'vue';
import { keep, kept, stay } from '@core/device';
import { short_time } from '@core/format';
import { server_now } from '@core/clock';
import { enqueue, type Doing } from '@core/outbox';
import type { TakenPhoto } from '@core/photo';
import { say, say_problem } from '@ui/toast';
import { t } from '../words';

interface Use { title: string; at: number }
const kMost = 3000;
const used = shallowRef<Record<string, Use>>({});
export async function load_used(): Promise<void> {
  used.value = (await kept<Record<string, Use>>('photos')) ?? {};
}
// Of a photo that this device has sent or noted down before; empty for a new one.
export function used_note(photo: TakenPhoto): string {
  const before = photo.digest ? used.value[photo.digest] : undefined;
  return before ? t('used_before', { title: before.title, at: short_time(before.at, server_now()) }) : '';
}
function remember(photos: TakenPhoto[], title: string): void {
  const now = server_now();
  const fresh = photos.flatMap((one) => (one.digest && !used.value[one.digest] ? [[one.digest, { title, at: now }] as const] : []));
  const all = [...Object.entries(used.value), ...fresh].sort((a, b) => b[1].at - a[1].at).slice(0, kMost);
  used.value = Object.fromEntries(all);
  void keep('photos', used.value);
}

// False when the device cannot keep it; the form stays as it is.
export async function note_down(doing: Omit<Doing, 'photos'>, photos: TakenPhoto[], online: boolean): Promise<boolean> {
  try {
    await enqueue({ ...doing, photos: photos.map((one) => one.blob) });
  } catch (error) {
    say_problem(new Error(`${t('not_kept')} ${error instanceof Error ? error.message : String(error)}`));
    return false;
  }
  void stay();
  remember(photos, doing.title);
  say(online ? t('queued') : t('queued_offline'), { ms: 2500 });
  return true;
}
