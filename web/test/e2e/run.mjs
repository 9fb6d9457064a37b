// SPDX-License-Identifier: Apache-2.0
// The pages in the real browser. `node test/e2e/run.mjs [filter]`; built pages (npm run build) and the pretended city.
import assert from 'node:assert/strict';
import { open_browser, open_server } from './browser.mjs';
import * as access from './access.mjs';
import * as desk from './desk.mjs';
import * as field from './field.mjs';
import * as looks from './looks.mjs';
import * as screen from './screen.mjs';

const filter = process.argv[2] ?? '';
const cases = [access, screen, desk, field, looks].flatMap((one) => one.cases).filter(([name]) => name.includes(filter));
const browser = await open_browser();
let failed = 0;
for (const [name, run, options] of cases) {
  const server = await open_server(options);
  const from = Date.now();
  const contexts = [];
  const errors = [];
  const outside = [];
  const open = async (more = {}) => {
    const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: 'zh-CN', ...more });
    contexts.push(context);
    context.on('page', (page) => {
      page.on('pageerror', (error) => errors.push(error.message));
      page.on('request', (request) => !request.url().startsWith(server.url) && !/^(blob|data):/.test(request.url()) && outside.push(request.url()));
    });
    return context;
  };
  try {
    await run({ server, mock: server.mock, url: server.url, open });
    assert.deepEqual(errors, [], 'script errors');
    assert.deepEqual(outside, [], 'requests outside the origin');
    console.log(`ok    ${name} (${Date.now() - from} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}\n      ${String(error?.stack ?? error).split('\n').slice(0, 6).join('\n      ')}${errors.length ? `\n      page: ${errors[0]}` : ''}`);
    for (const [i, context] of contexts.entries()) for (const page of context.pages()) await page.screenshot({ path: `${process.env.TMPDIR ?? '/tmp'}/e2e-${name.replace(/\W+/g, '-')}-${i}.png` }).catch(() => {});
  } finally {
    for (const context of contexts) await context.close();
    await server.close();
  }
}
await browser.close();
console.log(failed ? `${failed} of ${cases.length} failed` : `all ${cases.length} passed`);
process.exit(failed ? 1 : 0);
