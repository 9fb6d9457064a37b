// SPDX-License-Identifier: Apache-2.0
import { dictionary } from '@core/i18n/dictionary';

export const t = dictionary(
  {
    sign_in_title: '登录',
    claim: '听见城市，办成一件事。',
    claim_text: '从一次报警、一条上报，到一个办结的案件。',
    choose: '进入',
    screen: '一屏通览',
    screen_text: '城市此刻的全貌：地图、报警、体征',
    desk: '一网统管',
    desk_text: '受理、派遣、处置、核查、结案',
    field: '城管通',
    field_text: '现场任务、拍照、上报',
    as: '{person}，您好',
    area: '辖区 {area}',
  },
  {
    sign_in_title: 'Sign in',
    claim: 'Hear the city. Get it done.',
    claim_text: 'From an alarm or a report to a closed case.',
    choose: 'Enter',
    screen: 'One screen',
    screen_text: 'The city now: map, alarms, vital signs',
    desk: 'One network',
    desk_text: 'Accept, dispatch, handle, check, close',
    field: 'Field',
    field_text: 'Tasks on site, photos, reports',
    as: 'Hello, {person}',
    area: 'Area {area}',
  },
);
