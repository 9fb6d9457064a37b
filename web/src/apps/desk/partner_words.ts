// SPDX-License-Identifier: Apache-2.0
import { dictionary } from '@core/i18n/dictionary';

export const t = dictionary(
  {
    seen: '最近一次',
    calls: '调用',
    refused: '{n} 次被拒',
    behind: '落后',
    current: '已跟上',
    events: '{n} 条',
    reference: '外部编号',
  },
  {
    seen: 'Last heard',
    calls: 'Calls',
    refused: '{n} refused',
    behind: 'Behind',
    current: 'Up to date',
    events: '{n} events',
    reference: 'Number elsewhere',
  },
);
