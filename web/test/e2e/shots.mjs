// SPDX-License-Identifier: Apache-2.0
// Pictures of pages, to look at: node test/e2e/shots.mjs <folder> [name filter]
import { mkdirSync } from 'node:fs';
import { open_browser, open_server, sign_in } from './browser.mjs';

const folder = process.argv[2] ?? 'shots';
const only = process.argv[3] ?? '';
mkdirSync(folder, { recursive: true });
const server = await open_server();
const browser = await open_browser();
const wall = [[1920, 1080], [1366, 768], [390, 844]];
const kPages = [
  ['login', '/login', wall, false],
  ['door', '/', [[1366, 768], [390, 844]], true],
  ['screen', '/screen/overview', [...wall, [3840, 1080]], true],
  ['screen-alarm', '/screen/overview?a=first', [...wall, [3840, 1080]], true],
  ['screen-day', '/screen/overview?theme=day&lang=en', [[1920, 1080]], true],
  ['inbox', '/desk/inbox', wall, true],
  ['cases', '/desk/cases', wall, true],
  ['case', '/desk/cases/first', wall, true],
  ['alarms', '/desk/alarms', [[1366, 768]], true],
  ['assets', '/desk/assets', [[1366, 768]], true],
  ['asset', '/desk/assets/first', [[1366, 768]], true],
  ['scores', '/desk/scores', [[1366, 768]], true],
  ...['users', 'access', 'units', 'sources', 'quarantine', 'notices', 'packs', 'audit'].map((one) => [`admin-${one}`, `/desk/admin/${one}`, [[1366, 768]], true]),
  ['field', '/f/tasks', [[390, 844]], true],
  ['field-order', '/f/tasks/first', [[390, 844]], true],
  ['field-new', '/f/new', [[390, 844]], true],
  ['field-me', '/f/me', [[390, 844]], true],
];

for (const [name, path, sizes, signed] of kPages.filter(([one]) => one.includes(only))) {
  for (const [width, height] of sizes) {
    const context = await browser.newContext({ viewport: { width, height }, locale: 'zh-CN' });
    if (signed) await (name.startsWith('field') && server.mock ? sign_in(context, server.url, 'crew', 'crew') : sign_in(context, server.url));
    let address = path;
    if (path.includes('first')) {
      const list = name === 'screen-alarm' ? 'alarms?unseen=true' : name === 'asset' ? 'assets?limit=1' : name === 'field-order' ? 'orders?limit=1' : 'cases?limit=1';
      const { items } = await (await context.request.get(`${server.url}/api/v1/${list}`)).json();
      address = path.replace('first', encodeURIComponent(items[0]?.no ?? items[0]?.case ?? items[0]?.id ?? ''));
      if (name === 'screen-alarm') address = path.replace('first', items[0]?.id ?? '');
    }
    const page = await context.newPage();
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && console.log(name, message.type(), message.text().slice(0, 300)));
    page.on('pageerror', (error) => console.log(name, 'pageerror', error.message.slice(0, 400)));
    await page.goto(server.url + address);
    if (path.startsWith('/screen')) await page.waitForSelector('[data-ready]', { timeout: 15000 }).catch(() => console.log(name, 'map not ready'));
    await page.waitForTimeout(1500);
    await page.screenshot({ path: `${folder}/${name}-${width}.png` });
    console.log(`${folder}/${name}-${width}.png`);
    await context.close();
  }
}
await browser.close();
await server.close();
