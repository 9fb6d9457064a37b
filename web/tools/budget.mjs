// SPDX-License-Identifier: Apache-2.0
// The byte budgets of the faces, gzip (web.md §2.9): what the first view loads, and everything that a face can reach.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const kBudgets = {
  'index.html': { first: 90, total: 120, css: 20 },
  'm.html': { first: 90, total: 190, css: 20 },
  'field.html': { first: 110, total: 220, css: 22 },
  'desk.html': { first: 170, total: 1050, css: 40 },
  'screen.html': { first: 130, total: 900, css: 36 },
};
const sizes = new Map();
const kilobytes = (name) => {
  if (!sizes.has(name)) sizes.set(name, gzipSync(readFileSync(join(dist, name)), { level: 9 }).length / 1024);
  return sizes.get(name);
};

// Imports are followed in the built files; dynamic ones count as reachable only.
function graph(first) {
  const eager = new Set();
  const reachable = new Set();
  const visit = (name, is_eager) => {
    const seen = is_eager ? eager : reachable;
    if (seen.has(name)) return;
    seen.add(name);
    reachable.add(name);
    if (!name.endsWith('js')) return;
    const text = readFileSync(join(dist, name), 'utf8');
    const here = name.slice(0, name.lastIndexOf('/') + 1);
    for (const [, path] of text.matchAll(/(?:\bfrom|\bimport)\s*["'`]\.\/([\w.-]+\.js)["'`]/g)) visit(here + path, is_eager);
    for (const [, path] of text.matchAll(/\bimport\(\s*["'`]\.\/([\w.-]+\.js)["'`]/g)) visit(here + path, false);
    for (const [path] of text.matchAll(/assets\/[\w.-]+\.(?:css|js|mjs)/g)) visit(path, false);
  };
  for (const name of first) visit(name, true);
  return { eager, reachable };
}

let failed = false;
for (const [page, budget] of Object.entries(kBudgets)) {
  const html = readFileSync(join(dist, page), 'utf8');
  const files = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(([, path]) => path);
  const { eager, reachable } = graph(files);
  const sum = (names, ending) => [...names].filter((one) => ending.test(one)).reduce((all, one) => all + kilobytes(one), 0);
  const row = { first: sum(eager, /js$/), total: sum(reachable, /js$/), css: sum(eager, /css$/) };
  const parts = Object.entries(budget).map(([name, limit]) => {
    if (row[name] > limit) failed = true;
    return `${name} ${row[name].toFixed(1)}/${limit} KB${row[name] > limit ? ' OVER' : ''}`;
  });
  console.log(page.padEnd(12), parts.join('  '));
}
if (failed) process.exit(1);
