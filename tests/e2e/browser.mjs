// SPDX-License-Identifier: Apache-2.0
// The real browser for end-to-end tests: Debian's Chromium on the software renderer, people who sign in by the login page, and what
// a page must never do (errors in the console, a content policy that was broken).
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './city.mjs';

const require = createRequire(join(root, 'web/package.json'));
const { chromium } = require('playwright-core');
const axe_source = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const kFlags = ['--no-sandbox', '--disable-dev-shm-usage', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-background-networking', '--disable-component-update', '--no-first-run'];

export const kWall = { width: 1920, height: 1080 };
export const kPhone = { width: 390, height: 844 };

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: kFlags });

const located = (geolocation) => (geolocation ? { geolocation, permissions: ['geolocation'] } : {});

// A phone whose browser keeps its data in `profile`, over its end.
export const launch_phone = (profile, { geolocation, offline = false } = {}) => chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: kFlags, viewport: kPhone, locale: 'zh-CN', hasTouch: true, deviceScaleFactor: 2, offline, ...located(geolocation) });

// A person in a browser of their own (or in the given phone), signed in; `page.complaints` collects what went wrong in it.
export async function sign_in(browser, city, name, password, { viewport = kWall, locale = 'zh-CN', geolocation } = {}) {
  const context = browser.newContext ? await browser.newContext({ viewport, locale, hasTouch: viewport.width < 600, deviceScaleFactor: viewport.width < 600 ? 2 : 1, ...located(geolocation) }) : browser;
  const page = await context.newPage();
  page.complaints = [];
  page.on('console', (message) => {
    // A refusal that the page shows is logged by the browser as a failed load; the page's own errors are meant here.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) page.complaints.push(message.text());
  });
  page.on('response', (answer) => {
    if (answer.status() >= 500 || answer.status() === 404) page.complaints.push(`${answer.status()} ${answer.url()}`);
  });
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  await page.goto(`${city.http}/login`);
  await page.fill('input[name=username]', name);
  await page.fill('input[name=password]', password);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => !url.pathname.startsWith('/login'));
  return page;
}

// Serious and critical findings of axe-core, one line each.
export async function axe_findings(page, rules = {}) {
  await page.evaluate(axe_source);  // by the debugger: the content policy forbids inline scripts
  const found = await page.evaluate((options) => window.axe.run(document, options), { resultTypes: ['violations'], rules });
  return found.violations.filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => `${node.target.join(' ')} (${node.any[0]?.message ?? ''})`).join('; ')}`);
}

// The pixels of a part of the page, as it is seen: how many different colours (1 means blank), and how many are the red of level I.
export async function pixels_of(page, selector) {
  const png = await page.locator(selector).first().screenshot({ type: 'png' });
  return await page.evaluate(async (base64) => {
    const image = new Image();
    image.src = `data:image/png;base64,${base64}`;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.width;
    canvas.height = image.height;
    const draw = canvas.getContext('2d');
    draw.drawImage(image, 0, 0);
    const bytes = draw.getImageData(0, 0, image.width, image.height).data;
    const seen = new Set();
    let red = 0;
    for (let i = 0; i < bytes.length; i += 4) {
      const [r, g, b] = [bytes[i], bytes[i + 1], bytes[i + 2]];
      if (r > 180 && g < 110 && b < 130) red += 1;
      if (i % 28 === 0) seen.add((r << 16) | (g << 8) | b);
    }
    return { colours: seen.size, red };
  }, png.toString('base64'));
}
