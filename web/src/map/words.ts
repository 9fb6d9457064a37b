// SPDX-License-Identifier: Apache-2.0
import { dictionary } from '@core/i18n/dictionary';

export const t = dictionary(
  { zoom_in: '放大', zoom_out: '缩小', home: '回到全城', no_webgl: '此浏览器不能绘制地图，改为示意图和列表' },
  { zoom_in: 'Zoom in', zoom_out: 'Zoom out', home: 'Whole city', no_webgl: 'This browser cannot draw the map; a sketch and the list stand in' },
);
