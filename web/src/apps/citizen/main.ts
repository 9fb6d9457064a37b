// SPDX-License-Identifier: Apache-2.0
// 一端服务: the citizen's page. No account; what it knows of a person stays on this phone.
import '@ui/tokens.css';
import './citizen.css';
import { createApp } from 'vue';
import { start_ticking } from '@core/clock';
import { start_theme } from '@core/theme';
import Citizen from './Citizen.vue';
import { start_sending } from './parts/send';

start_theme('citizen', 'day');
start_ticking();
createApp(Citizen).mount('#app');
void start_sending();
