// SPDX-License-Identifier: Apache-2.0
// districts.geojson: the 38 districts and counties of Chongqing from the npm package echarts@4.9.0 (Apache-2.0), which has
// them as of 2016, compressed, and in GCJ-02. Here they are decoded, put back to WGS84, and given today's names and codes.
//   node tools/geo/build-geo.mjs <folder of the echarts package> <output folder>
// Ends with an error when an area is more than 2 % (and 1.5 km2) off the table below or a seat lies outside its district.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// Code, name, name in pinyin, seat (longitude, latitude; WGS84), km2.
const DISTRICTS = [
  ['500101', '万州区', "Wanzhou", 108.3757, 30.8101, 3458],
  ['500102', '涪陵区', "Fuling", 107.3903, 29.7061, 2949],
  ['500103', '渝中区', "Yuzhong", 106.5592, 29.5596, 24],
  ['500104', '大渡口区', "Dadukou", 106.4822, 29.4837, 105],
  ['500105', '江北区', "Jiangbei", 106.5291, 29.5781, 222],
  ['500106', '沙坪坝区', "Shapingba", 106.4502, 29.5438, 398],
  ['500107', '九龙坡区', "Jiulongpo", 106.4771, 29.5262, 431],
  ['500108', '南岸区', "Nan'an", 106.5571, 29.5269, 263],
  ['500109', '北碚区', "Beibei", 106.4338, 29.8279, 750],
  ['500110', '綦江区', "Qijiang", 106.6477, 29.0313, 2758],
  ['500111', '大足区', "Dazu", 105.7117, 29.7032, 1436],
  ['500112', '渝北区', "Yubei", 106.5090, 29.6042, 1459],
  ['500113', '巴南区', "Banan", 106.5156, 29.3848, 1821],
  ['500114', '黔江区', "Qianjiang", 108.7782, 29.5303, 2401],
  ['500115', '长寿区', "Changshou", 107.0704, 29.8362, 1425],
  ['500116', '江津区', "Jiangjin", 106.2494, 29.2862, 3221],
  ['500117', '合川区', "Hechuan", 106.2618, 29.9936, 2350],
  ['500118', '永川区', "Yongchuan", 105.8912, 29.3518, 1583],
  ['500119', '南川区', "Nanchuan", 107.0937, 29.1594, 2602],
  ['500120', '璧山区', "Bishan", 106.2274, 29.5963, 914],
  ['500151', '铜梁区', "Tongliang", 106.0511, 29.8425, 1343],
  ['500152', '潼南区', "Tongnan", 105.8382, 30.1923, 1590],
  ['500153', '荣昌区', "Rongchang", 105.5907, 29.4066, 1077],
  ['500154', '开州区', "Kaizhou", 108.4087, 31.1698, 3965],
  ['500155', '梁平区', "Liangping", 107.7956, 30.6747, 1898],
  ['500156', '武隆区', "Wulong", 107.7521, 29.3266, 2894],
  ['500229', '城口县', "Chengkou", 108.6605, 31.9486, 3294],
  ['500230', '丰都县', "Fengdu", 107.7280, 29.8691, 2902],
  ['500231', '垫江县', "Dianjiang", 107.3441, 30.3325, 1519],
  ['500233', '忠县', "Zhongxian", 108.0330, 30.2941, 2183],
  ['500235', '云阳县', "Yunyang", 108.6933, 30.9330, 3646],
  ['500236', '奉节县', "Fengjie", 109.4608, 31.0222, 4103],
  ['500237', '巫山县', "Wushan", 109.8742, 31.0773, 2955],
  ['500238', '巫溪县', "Wuxi", 109.6242, 31.3989, 4032],
  ['500240', '石柱土家族自治县', "Shizhu", 108.1079, 30.0010, 3016],
  ['500241', '秀山土家族苗族自治县', "Xiushan", 108.9916, 28.4482, 2457],
  ['500242', '酉阳土家族苗族自治县', "Youyang", 108.7629, 28.8430, 5183],
  ['500243', '彭水苗族土家族自治县', "Pengshui", 108.1621, 29.2966, 3904],
];
// The file is of 2016; two counties became districts since.
const RENAMED = { 500228: '500155', 500232: '500156' };
const MOST_OFF = 0.02;
const GRID_KM2 = 1.5;  // the package's corners lie on a grid of about 100 m, which the smallest district feels

// ---- GCJ-02 -------------------------------------------------------------------------------------------------------

const PI = Math.PI;
const AXIS = 6378137.0;
const ECCENTRICITY = 0.00669342162296594323;

function toGcj([lng, lat]) {
  const x = lng - 105, y = lat - 35;
  const common = 20 * Math.sin(6 * PI * x) + 20 * Math.sin(2 * PI * x);
  const root = Math.sqrt(Math.abs(x));
  let dlat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root +
    (2 / 3) * (common + 20 * Math.sin(PI * y) + 40 * Math.sin((PI * y) / 3) + 160 * Math.sin((PI * y) / 12) + 320 * Math.sin((PI * y) / 30));
  let dlng = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root +
    (2 / 3) * (common + 20 * Math.sin(PI * x) + 40 * Math.sin((PI * x) / 3) + 150 * Math.sin((PI * x) / 12) + 300 * Math.sin((PI * x) / 30));
  const radians = (lat / 180) * PI;
  const m = 1 - ECCENTRICITY * Math.sin(radians) ** 2;
  dlat = (dlat * 180) / (((AXIS * (1 - ECCENTRICITY)) / (m * Math.sqrt(m))) * PI);
  dlng = (dlng * 180) / ((AXIS / Math.sqrt(m)) * Math.cos(radians) * PI);
  return [lng + dlng, lat + dlat];
}

function fromGcj(gcj) {
  let [lng, lat] = gcj;
  for (let round = 0; round < 6; round++) {
    const [x, y] = toGcj([lng, lat]);
    lng -= x - gcj[0];
    lat -= y - gcj[1];
  }
  return [lng, lat];
}

// ---- the package's compressed rings: zigzag differences in units of 1/1024 degree ----------------------------------

function ring(text, offsets) {
  let [x, y] = offsets;
  const corners = [];
  for (let i = 0; i < text.length; i += 2) {
    const dx = text.charCodeAt(i) - 64, dy = text.charCodeAt(i + 1) - 64;
    x += (dx >> 1) ^ -(dx & 1);
    y += (dy >> 1) ^ -(dy & 1);
    corners.push(fromGcj([x / 1024, y / 1024]).map((degrees) => Math.round(degrees * 1e5) / 1e5));
  }
  const [first, last] = [corners[0], corners[corners.length - 1]];
  if (first[0] !== last[0] || first[1] !== last[1]) corners.push(first);
  return corners;
}

function polygonsOf(geometry) {
  const parts = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  const offsets = geometry.type === 'Polygon' ? [geometry.encodeOffsets] : geometry.encodeOffsets;
  return parts.map((rings, part) => rings.map((text, i) => ring(text, offsets[part][i])));
}

// ---- measures -----------------------------------------------------------------------------------------------------

// Area under the edges on the mean sphere, in km2 (Chamberlain & Duquette 2007); positive when counter-clockwise.
function signedArea(corners) {
  let sum = 0;
  for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
    const [a, b] = [corners[j], corners[i]];
    sum += (((b[0] - a[0]) * PI) / 180) * (2 + Math.sin((a[1] * PI) / 180) + Math.sin((b[1] * PI) / 180));
  }
  return (-sum * 6371.0088 ** 2) / 2;
}

const areaOf = (polygons) =>
  polygons.reduce((sum, rings) => sum + rings.reduce((s, r, i) => s + (i === 0 ? 1 : -1) * Math.abs(signedArea(r)), 0), 0);

function centroidOf(polygons) {
  let x = 0, y = 0, weight = 0;
  for (const [outer] of polygons) {
    for (let i = 0; i + 1 < outer.length; i++) {
      const [a, b] = [outer[i], outer[i + 1]];
      const cross = a[0] * b[1] - b[0] * a[1];
      x += (a[0] + b[0]) * cross;
      y += (a[1] + b[1]) * cross;
      weight += 3 * cross;
    }
  }
  return [x / weight, y / weight].map((degrees) => Math.round(degrees * 1e5) / 1e5);
}

function contains(polygons, [lng, lat]) {
  let inside = false;
  for (const corners of polygons.flat()) {
    for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
      const [a, b] = [corners[i], corners[j]];
      if (a[1] > lat !== b[1] > lat && lng < ((b[0] - a[0]) * (lat - a[1])) / (b[1] - a[1]) + a[0]) inside = !inside;
    }
  }
  return inside;
}

// RFC 7946: outer rings counter-clockwise, holes clockwise.
const wound = (polygons) =>
  polygons.map((rings) => rings.map((r, i) => (signedArea(r) > 0 === (i === 0) ? r : [...r].reverse())));

// ---- the file -----------------------------------------------------------------------------------------------------

function build(packageFolder) {
  const source = JSON.parse(readFileSync(join(packageFolder, 'map/json/province/chongqing.json'), 'utf8'));
  if (!source.UTF8Encoding) throw new Error('the package is not echarts@4.9.0: its map is not UTF8 encoded');
  const shapes = new Map(source.features.map((f) => [RENAMED[f.id] ?? String(f.id), wound(polygonsOf(f.geometry))]));
  const wrong = [];
  const features = [
    { type: 'Feature', properties: { code: '50', name: '重庆市', name_en: 'Chongqing' }, geometry: null },
  ];
  for (const [code, name, nameEn, lng, lat, km2] of DISTRICTS) {
    const polygons = shapes.get(code);
    if (!polygons) {
      wrong.push(`${code} ${name}: not in the package`);
      continue;
    }
    const area = areaOf(polygons);
    if (Math.abs(area - km2) > Math.max(km2 * MOST_OFF, GRID_KM2)) wrong.push(`${code} ${name}: ${area.toFixed(1)} km2, expected ${km2}`);
    if (!contains(polygons, [lng, lat])) wrong.push(`${code} ${name}: its seat ${lng}, ${lat} lies outside`);
    features.push({
      type: 'Feature',
      properties: { code, name, name_en: nameEn, parent: '50', seat: [lng, lat], centroid: centroidOf(polygons), area_km2: Math.round(area * 10) / 10 },
      geometry: { type: 'MultiPolygon', coordinates: polygons },
    });
  }
  if (features.length !== 39) wrong.push(`${features.length - 1} districts, expected 38`);
  return { features, wrong };
}

const [packageFolder, outputFolder] = process.argv.slice(2);
if (!packageFolder || !outputFolder) {
  console.error('usage: node tools/geo/build-geo.mjs <folder of the echarts package> <output folder>');
  process.exit(2);
}
const { features, wrong } = build(packageFolder);
if (wrong.length > 0) {
  console.error(wrong.join('\n'));
  process.exit(1);
}
mkdirSync(outputFolder, { recursive: true });
const file = join(outputFolder, 'districts.geojson');
writeFileSync(file, JSON.stringify({ type: 'FeatureCollection', root: '50', attribution: 'Apache ECharts 4.9.0 (Apache-2.0)', features }) + '\n');
console.log(`${file}: ${features.length - 1} districts, ${features.reduce((sum, f) => sum + (f.properties.area_km2 ?? 0), 0).toFixed(0)} km2`);
