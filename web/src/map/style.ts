// SPDX-License-Identifier: Apache-2.0
// The base map: districts only, quiet below everything else (web.md §6.5). No glyphs: all text is drawn by the browser.
import type { StyleSpecification } from 'maplibre-gl';
import type { Language } from '@core/i18n/dictionary';
import type { Theme } from '@core/theme';
import { districts, label_point, type AreaShapes } from './geometry';

const kInk = {
  night: { ground: '#0e151b', land: '#131c24', hover: '#1a2630', border: '#3a4a58', edge: '#4d6072', label: '#9daab6', halo: '#0e151b' },
  day: { ground: '#e6eaed', land: '#f7f8f9', hover: '#ffffff', border: '#c2cbd3', edge: '#98a5b1', label: '#45525f', halo: '#f7f8f9' },
} as const;

export function base_style(areas: AreaShapes, theme: Theme, language: Language): StyleSpecification {
  const ink = kInk[theme];
  const shapes = districts(areas);
  const labels = shapes.flatMap((one) => {
    const at = label_point(one.geometry!);
    const { name, name_en } = one.properties;
    return at ? [{ type: 'Feature' as const, properties: { name: language === 'zh' ? name : name_en || name }, geometry: { type: 'Point' as const, coordinates: at } }] : [];
  });
  return {
    version: 8,
    sources: {
      areas: { type: 'geojson', data: { type: 'FeatureCollection', features: shapes } as never, promoteId: 'code', tolerance: 0.2 },
      labels: { type: 'geojson', data: { type: 'FeatureCollection', features: labels } },
    },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': ink.ground } },
      { id: 'land', type: 'fill', source: 'areas', paint: { 'fill-color': ['case', ['boolean', ['feature-state', 'hover'], false], ink.hover, ink.land], 'fill-antialias': false } },
      { id: 'borders', type: 'line', source: 'areas', paint: { 'line-color': ['case', ['boolean', ['feature-state', 'hover'], false], ink.edge, ink.border], 'line-width': ['interpolate', ['linear'], ['zoom'], 7, 0.6, 12, 1.4], 'line-dasharray': [4, 2] } },
      {
        id: 'names', type: 'symbol', source: 'labels',
        layout: { 'text-field': ['get', 'name'], 'text-font': ['Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', 'sans-serif'], 'text-size': ['interpolate', ['linear'], ['zoom'], 7, 11, 11, 16], 'text-letter-spacing': 0.06, 'text-padding': 6 },
        paint: { 'text-color': ink.label, 'text-halo-color': ink.halo, 'text-halo-width': 1.2 },
      },
    ],
  };
}
