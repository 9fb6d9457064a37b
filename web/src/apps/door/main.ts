// SPDX-License-Identifier: Apache-2.0
// The door: sign in, then choose a face. A wall account goes straight to the screen, a handler to the field page.
import '@ui/tokens.css';
import { createApp } from 'vue';
import { start_theme } from '@core/theme';
import Door from './Door.vue';

start_theme('door', 'day');
createApp(Door).mount('#app');
