// SPDX-License-Identifier: Apache-2.0
// The real browser, and somebody signed in to it. CITYLOOP_URL names a running server; without it the pretended one is used.
import { chromium } from 'playwright-core';
import { start_mock } from '../mock/server.mjs';

const kFlags = ['--no-sandbox', '--disable-dev-shm-usage', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-background-networking', '--disable-component-update', '--no-first-run', '--autoplay-policy=no-user-gesture-required'];

export async function open_browser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: kFlags });
}

export async function open_server(options = {}) {
  const url = process.env.CITYLOOP_URL;
  if (url) return { url, mock: null, close: async () => {} };
  const mock = await start_mock(options);
  return { url: mock.url, mock, close: mock.close };
}

export async function sign_in(context, url, name = process.env.CITYLOOP_USER ?? 'admin', password = process.env.CITYLOOP_PASSWORD ?? 'admin') {
  const answer = await context.request.post(`${url}/api/v1/session`, { data: { name, password }, headers: { 'idempotency-key': `e2e-${Date.now()}-${Math.random()}` } });
  if (!answer.ok()) throw new Error(`sign-in: ${answer.status()} ${await answer.text()}`);
  return answer.json();
}
