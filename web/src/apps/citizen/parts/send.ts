// SPDX-License-Identifier: Apache-2.0
// Sends drafts: photos one by one, then the report under the key that was drawn with the draft, so that a repeat is the same
// report. Without a line the draft waits on the phone and goes by itself when the line is back.
import { ref } from 'vue';
import { Problem } from '@core/api';
import { server_now } from '@core/clock';
import { say } from '@ui/toast';
import { send_photo, send_report, load_offer, type Filed } from './calls';
import { drafts, drop_draft, keep_draft, keep_mine, load_kept, type Draft } from './store';
import { t } from '../words';

export type Sent = { filed: Filed } | { waiting: true } | { error: unknown };
export const sending = ref<string | null>(null);
export const loaded = ref(false);
let again: ReturnType<typeof setTimeout> | undefined;

const waits = (error: unknown): boolean => error instanceof Problem && (error.status === 0 || error.status === 408 || error.status === 429 || error.status >= 500);

function body_of(draft: Draft): object {
  return {
    ...(draft.klass ? { class: draft.klass } : {}),
    ...(draft.text.trim() ? { text: draft.text.trim() } : {}),
    ...(draft.place ? { location: { type: 'Point', coordinates: draft.place } } : {}),
    ...(draft.address.trim() ? { address: draft.address.trim() } : {}),
    ...(draft.area && !draft.place ? { area: draft.area } : {}),
    ...(draft.phone.trim() ? { phone: draft.phone.trim() } : {}),
    attachments: draft.photos.map((one) => one.id!),
  };
}

async function deliver(draft: Draft): Promise<Filed> {
  for (const photo of draft.photos) {
    if (photo.id) continue;
    try {
      photo.id = await send_photo(photo.blob);
    } catch (error) {
      if (error instanceof Problem && error.status === 415) photo.bad = true;
      throw error;
    }
    await keep_draft(draft);
  }
  return send_report(body_of(draft), draft.key);
}

export async function send(draft: Draft): Promise<Sent> {
  if (sending.value) return { waiting: true };
  sending.value = draft.key;
  draft.sending = true;
  await keep_draft(draft);
  try {
    const filed = await deliver(draft);
    const offer = await load_offer().catch(() => null);
    const klass = offer?.classes.find((one) => one.key === draft.klass);
    const words = draft.text.trim().slice(0, 40);
    await keep_mine({ report: filed.report, key: filed.key, no: filed.case, at: server_now(), title_zh: klass?.title_zh ?? words, title_en: klass?.title_en ?? words });
    await drop_draft(draft.key);
    return { filed };
  } catch (error) {
    draft.sending = waits(error);
    await keep_draft(draft);
    if (draft.sending) later();
    return draft.sending && !(error instanceof Problem && error.status === 429) ? { waiting: true } : { error };
  } finally {
    sending.value = null;
  }
}

function later(): void {
  clearTimeout(again);
  again = setTimeout(() => void send_waiting(), 15_000);
}
async function send_waiting(): Promise<void> {
  for (const draft of drafts.value.filter((one) => one.sending)) {
    const sent = await send(draft);
    if ('filed' in sent) say(t('done'));
  }
}
export async function start_sending(): Promise<void> {
  await load_kept();
  loaded.value = true;
  addEventListener('online', () => void send_waiting());
  void send_waiting();
}
