// SPDX-License-Identifier: Apache-2.0
// Web-Mercator arithmetic, label points and clusters; pure, so that tests and the flat map use it too.
export type LngLat = [lng: number, lat: number];
export interface Shape { type: 'Polygon' | 'MultiPolygon'; coordinates: number[][][] | number[][][][] }
export interface AreaFeature {
  type: 'Feature';
  properties: { code: string; name: string; name_en?: string; parent?: string | null; synthetic?: boolean };
  geometry: Shape | null;
}
export interface AreaShapes { type: 'FeatureCollection'; features: AreaFeature[]; bbox?: [number, number, number, number] }

export function mercator([lng, lat]: LngLat): [number, number] {
  const s = Math.sin((Math.min(85.0511, Math.max(-85.0511, lat)) * Math.PI) / 180);
  return [lng / 360 + 0.5, 0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI)];
}

export function polygons(shape: Shape): number[][][][] {
  return shape.type === 'Polygon' ? [shape.coordinates as number[][][]] : (shape.coordinates as number[][][][]);
}

// The layer of areas right below the root: what the overview draws.
export function districts(areas: AreaShapes): AreaFeature[] {
  const shaped = areas.features.filter((one) => one.geometry);
  const below = shaped.filter((one) => one.properties.parent);
  const shortest = Math.min(...below.map((one) => one.properties.code.length));
  return below.length ? below.filter((one) => one.properties.code.length === shortest) : shaped;
}

function ring_centre(ring: number[][]): { area: number; centre: LngLat } {
  let area = 0;
  let x = 0;
  let y = 0;
  for (let i = 0; i + 1 < ring.length; i += 1) {
    const [x0, y0] = ring[i] as LngLat;
    const [x1, y1] = ring[i + 1] as LngLat;
    const cross = x0 * y1 - x1 * y0;
    area += cross;
    x += (x0 + x1) * cross;
    y += (y0 + y1) * cross;
  }
  return area ? { area: Math.abs(area / 2), centre: [x / (3 * area), y / (3 * area)] } : { area: 0, centre: ring[0] as LngLat };
}

// Where a name stands: the centre of gravity of the largest part.
export function label_point(shape: Shape): LngLat | null {
  let best: { area: number; centre: LngLat } | null = null;
  for (const polygon of polygons(shape)) {
    const one = polygon[0]?.length ? ring_centre(polygon[0]) : null;
    if (one && (!best || one.area > best.area)) best = one;
  }
  return best?.centre ?? null;
}

export function bounds_of(shapes: AreaShapes): [number, number, number, number] | null {
  if (shapes.bbox) return shapes.bbox;
  const box: [number, number, number, number] = [180, 90, -180, -90];
  for (const { geometry } of shapes.features) {
    if (!geometry) continue;
    for (const polygon of polygons(geometry)) {
      for (const [x, y] of (polygon[0] ?? []) as LngLat[]) {
        box[0] = Math.min(box[0], x);
        box[1] = Math.min(box[1], y);
        box[2] = Math.max(box[2], x);
        box[3] = Math.max(box[3], y);
      }
    }
  }
  return box[0] < box[2] ? box : null;
}

// The box that holds the middle 96 % of the places: one far outlier does not shrink the city.
export function crowd_box(places: readonly LngLat[]): [number, number, number, number] | null {
  if (!places.length) return null;
  const xs = places.map((p) => p[0]).sort((a, b) => a - b);
  const ys = places.map((p) => p[1]).sort((a, b) => a - b);
  const low = Math.floor(xs.length * 0.02);
  const high = Math.max(low, Math.ceil(xs.length * 0.98) - 1);
  return [xs[low]!, ys[low]!, xs[high]!, ys[high]!];
}

export interface Dot { id: string; x: number; y: number; level: number; unseen: boolean }
export interface Cluster { lead: Dot; members: Dot[]; unseen: number }

// Dots nearer than `radius` px at this zoom stand as one: the worst, un-acknowledged first, leads. Nothing is ever lost.
export function cluster(dots: readonly Dot[], zoom: number, radius: number): Cluster[] {
  const scale = 512 * 2 ** zoom;
  const reach = radius / scale;
  const cells = new Map<string, Cluster[]>();
  const clusters: Cluster[] = [];
  const order = [...dots].sort((a, b) => Number(b.unseen) - Number(a.unseen) || b.level - a.level || (a.id < b.id ? -1 : 1));
  for (const dot of order) {
    const cx = Math.floor(dot.x / reach);
    const cy = Math.floor(dot.y / reach);
    let home: Cluster | undefined;
    for (let dx = -1; dx <= 1 && !home; dx += 1) {
      for (let dy = -1; dy <= 1 && !home; dy += 1) {
        home = cells.get(`${cx + dx}/${cy + dy}`)?.find(({ lead }) => Math.hypot(lead.x - dot.x, lead.y - dot.y) < reach);
      }
    }
    if (home) {
      home.members.push(dot);
      home.unseen += dot.unseen ? 1 : 0;
      continue;
    }
    const fresh: Cluster = { lead: dot, members: [dot], unseen: dot.unseen ? 1 : 0 };
    clusters.push(fresh);
    const key = `${cx}/${cy}`;
    const cell = cells.get(key);
    if (cell) cell.push(fresh);
    else cells.set(key, [fresh]);
  }
  return clusters;
}

// Whether the shape holds the place: even-odd over all rings, so that holes are outside.
export function holds(shape: Shape, [x, y]: LngLat): boolean {
  let inside = false;
  for (const ring of polygons(shape).flat()) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      const [xi, yi] = ring[i] as LngLat;
      const [xj, yj] = ring[j] as LngLat;
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
  }
  return inside;
}
