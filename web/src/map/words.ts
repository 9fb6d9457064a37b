// SPDX-License-Identifier: Apache-2.0
import { dictionary } from '@core/i18n/dictionary';

export const t = dictionary(
  {
    zoom_in: '放大', zoom_out: '缩小', home: '回到全城', no_webgl: '此浏览器不能绘制地图，改为示意图和列表',
    pin_title: '在地图上选点', pin_of_places: '地图', pin_north: '向北', pin_south: '向南', pin_west: '向西', pin_east: '向东', pin_in: '放大', pin_out: '缩小', pin_schematic: '示意图',
  },
  {
    zoom_in: 'Zoom in', zoom_out: 'Zoom out', home: 'Whole city', no_webgl: 'This browser cannot draw the map; a sketch and the list stand in',
    pin_title: 'Choose on the map', pin_of_places: 'Map', pin_north: 'North', pin_south: 'South', pin_west: 'West', pin_east: 'East', pin_in: 'Zoom in', pin_out: 'Zoom out', pin_schematic: 'Schematic',
  },
);
