// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { camera_of, camera_text } from '@map/contract';
import { cluster, crowd_box, districts, label_point, mercator, type AreaFeature, type Dot } from '@map/geometry';

const dot = (id: string, lng: number, lat: number, level = 1, unseen = true): Dot => {
  const [x, y] = mercator([lng, lat]);
  return { id, x, y, level, unseen };
};

describe('clusters', () => {
  const dots = [dot('a', 106.5, 29.5, 2), dot('b', 106.5001, 29.5, 4), dot('c', 107.5, 29.5, 1, false), dot('d', 106.5002, 29.5, 4, false)];
  it('lead with the worst that nobody has seen', () => {
    const one = cluster(dots, 9, 26).find(({ members }) => members.length > 1)!;
    expect(one.lead.id).toBe('b');
    expect(one.unseen).toBe(2);
  });
  it('lose nothing at any zoom', () => {
    for (let zoom = 4; zoom < 19; zoom += 1) {
      const found = cluster(dots, zoom, 26).flatMap(({ members }) => members.map(({ id }) => id));
      expect(found.sort()).toEqual(['a', 'b', 'c', 'd']);
    }
  });
  it('part when one comes nearer', () => expect(cluster(dots, 20, 26)).toHaveLength(4));
});

describe('shapes', () => {
  it('name a shape at the middle of its largest part', () => {
    const square = (x: number, size: number): number[][][] => [[[x, 0], [x + size, 0], [x + size, size], [x, size], [x, 0]]];
    expect(label_point({ type: 'MultiPolygon', coordinates: [square(10, 1), square(0, 4)] })).toEqual([2, 2]);
  });
  it('draw the layer below the root only', () => {
    const area = (code: string, parent: string): AreaFeature => ({ type: 'Feature', properties: { code, name: code, parent }, geometry: { type: 'Polygon', coordinates: [[[0, 0], [1, 0], [1, 1], [0, 0]]] } });
    const shapes = { type: 'FeatureCollection' as const, features: [area('50', ''), area('500103', '50'), area('500103001', '500103')] };
    expect(districts(shapes).map((one) => one.properties.code)).toEqual(['500103']);
  });
  it('see past an outlier', () => {
    const many = Array.from({ length: 100 }, (_v, i): [number, number] => [106 + i / 1000, 29]);
    expect(crowd_box([...many, [0, 0]])![0]).toBeGreaterThan(105);
  });
  it('write and read a camera', () => {
    expect(camera_of(camera_text({ lng: 106.551, lat: 29.563, zoom: 11.2 }))).toEqual({ lng: 106.551, lat: 29.563, zoom: 11.2 });
    expect(camera_of('nonsense')).toBeNull();
  });
});
