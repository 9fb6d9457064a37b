// SPDX-License-Identifier: Apache-2.0
// 城管通: the phone of the person on site. Works without a network; day theme for sunlight.
import '@ui/tokens.css';
import './field.css';
import { createApp } from 'vue';
import { load_session, Problem, session } from '@core/api';
import { start_ticking } from '@core/clock';
import { forget_kept, keep, kept } from '@core/device';
import { start_outbox } from '@core/outbox';
import { start_theme } from '@core/theme';
import type { SessionDoc } from '@core/words';
import Field from './Field.vue';

start_theme('field', 'day');
start_ticking();

// Without a network the last known person goes on; the server decides when the line is back.
async function who(): Promise<SessionDoc | null> {
  try {
    const opened = await load_session();
    if (opened) await belongs_to(opened);
    return opened;
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 0) throw error;
    session.value = await kept<SessionDoc>('session');
    return session.value;
  }
}

// What the person before has left on this device is not this one's to see.
async function belongs_to(opened: SessionDoc): Promise<void> {
  const before = await kept<SessionDoc>('session');
  if (before && before.user.name !== opened.user.name) await forget_kept();
  await keep('session', opened);
}

const opened = await who();
if (!opened) {
  location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
} else {
  await start_outbox();
  createApp(Field).mount('#app');
  if ('serviceWorker' in navigator && import.meta.env.PROD) void navigator.serviceWorker.register('/sw-field.js', { scope: '/f/' }).catch(() => undefined);
}
