// SPDX-License-Identifier: Apache-2.0
// 一网统管: one queue from report to closed case. Day by default, keyboard first.
import '@ui/tokens.css';
import './desk.css';
import { createApp } from 'vue';
import { require_session } from '@core/api';
import { start_ticking } from '@core/clock';
import { pinyin_from } from '@core/pinyin';
import { start_city } from '@core/store/city';
import { start_theme } from '@core/theme';
import Desk from './Desk.vue';

pinyin_from(async () => {
  const { pinyin } = await import('pinyin-pro');
  return (text) => pinyin(text, { toneType: 'none', type: 'array', v: true });
});
start_theme('desk', 'day');
start_ticking();
const opened = await require_session();
if (opened) {
  createApp(Desk).mount('#app');
  start_city(['alarm', 'case', 'report', 'sys']);
}
