// SPDX-License-Identifier: Apache-2.0
// 一屏通览: the whole city now, read and act. Night by default.
import '@ui/tokens.css';
import './screen.css';
import { createApp } from 'vue';
import { require_session } from '@core/api';
import { start_ticking } from '@core/clock';
import { start_city } from '@core/store/city';
import { start_theme } from '@core/theme';
import Screen from './Screen.vue';

start_theme('screen', 'night');
start_ticking();
const opened = await require_session();
if (opened) {
  createApp(Screen).mount('#app');
  start_city(['alarm', 'case', 'sys']);
}
