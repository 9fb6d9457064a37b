// SPDX-License-Identifier: Apache-2.0
// Every page: axe in both themes and languages, no sideways scrolling, nothing cut, touch targets, no raw keys.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { sign_in } from './browser.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const kPages = ['/login', '/', '/screen/overview', '/screen/overview?a=ALARM', '/desk/inbox', '/desk/cases', '/desk/cases/CASE', '/desk/alarms', '/desk/assets', '/desk/assets/ASSET', '/desk/scores', '/desk/admin/users', '/desk/admin/access', '/desk/admin/units', '/desk/admin/sources', '/desk/admin/quarantine', '/desk/admin/notices', '/desk/admin/packs', '/desk/admin/audit', '/f/tasks', '/f/tasks/CASE', '/f/new', '/f/outbox', '/f/me'];

function address(path, mock) {
  const [alarm] = mock.world.alarms.keys();
  const [file] = mock.world.cases.keys();
  return path.replace('ALARM', alarm).replace('CASE', file).replace('ASSET', mock.world.asset_list[0].id);
}
async function each(page, url, mock, { theme, lang }, look) {
  for (const path of kPages) {
    const target = new URL(address(path, mock), url);
    target.searchParams.set('theme', theme);
    target.searchParams.set('lang', lang);
    await page.goto(target.href);
    await page.waitForTimeout(path.startsWith('/screen') ? 1500 : 700);
    await look(path);
  }
}

const contrast = ['day', 'night'].flatMap((theme) => ['zh', 'en'].map((lang) => [`axe: nothing serious on any page (${theme}, ${lang})`, async ({ open, url, mock }) => {
  const context = await open({ bypassCSP: true });
  await sign_in(context, url);
  const page = await context.newPage();
  const bad = [];
  await each(page, url, mock, { theme, lang }, async (path) => {
    await page.addScriptTag({ content: axe });
    const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }));
    for (const one of violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')) bad.push(`${path}: ${one.id} ${one.nodes.slice(0, 2).map(({ target, any }) => `${target.join(' ')} ${any[0]?.message ?? ''}`).join(' | ')}`);
  });
  assert.deepEqual(bad, []);
}]));

export const cases = [
  ...contrast,
  ['no page scrolls sideways from 320 px to a wall', async ({ open, url, mock }) => {
    const bad = [];
    for (const [width, height] of [[320, 640], [390, 844], [1366, 768], [1920, 1080], [2560, 1440], [3840, 1080]]) {
      const context = await open({ viewport: { width, height } });
      await sign_in(context, url);
      const page = await context.newPage();
      await each(page, url, mock, { theme: 'day', lang: width === 1366 ? 'en' : 'zh' }, async (path) => {
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 1) bad.push(`${path} at ${width}: ${wide} px too wide`);
        const tall = await page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
        if (path.startsWith('/screen') && width > 900 && tall > 1) bad.push(`${path} at ${width}: scrolls down`);
      });
      await context.close();
    }
    assert.deepEqual(bad, []);
  }],
  ['touch targets of the field page are 44 px', async ({ open, url, mock }) => {
    const context = await open({ viewport: { width: 390, height: 844 } });
    await sign_in(context, url, 'crew', 'crew');
    const page = await context.newPage();
    const [file] = [...mock.world.cases.values()].filter((one) => one.stage === 'pending_handle');
    const small = [];
    for (const path of ['/f/tasks', `/f/tasks/${file.no}`, '/f/new', '/f/outbox', '/f/me']) {
      await page.goto(url + path);
      await page.waitForTimeout(900);
      small.push(...await page.evaluate((where) => [...document.querySelectorAll('button, a[href], input.input, label.add')].filter((one) => one.offsetParent && !one.closest('.timeline, .skip, details')).map((one) => [one, one.getBoundingClientRect()]).filter(([, box]) => box.height < 43.5).map(([one, box]) => `${where} ${one.innerText || one.getAttribute('aria-label')} ${Math.round(box.height)}`), path));
    }
    assert.deepEqual(small, []);
  }],
  ['no raw keys, no empty names', async ({ open, url, mock }) => {
    const context = await open();
    await sign_in(context, url);
    const page = await context.newPage();
    await each(page, url, mock, { theme: 'day', lang: 'zh' }, async (path) => {
      const text = await page.locator('body').innerText();
      assert.doesNotMatch(text, /undefined|\[object|\{\w+\}|NaN/, path);
    });
  }],
];
