// SPDX-License-Identifier: Apache-2.0
// HTTP around the pretended city; also serves dist/ at the addresses of the real server, so that tests see built pages.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { make_live } from './live.mjs';
import { make_routes, Refusal } from './routes.mjs';
import { make_world } from './world.mjs';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));
const kTypes = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json', '.woff2': 'font/woff2' };
const kPages = [[/^\/screen(\/|$)/, '/screen.html'], [/^\/desk(\/|$)/, '/desk.html'], [/^\/f(\/|$)/, '/field.html'], [/^\/(login)?$/, '/index.html']];

function page(path, response) {
  const name = extname(path) ? path : (kPages.find(([pattern]) => pattern.test(path)) ?? [null, '/index.html'])[1];
  const file = join(dist, normalize(name));
  if (!file.startsWith(dist) || !existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
  const csp = "default-src 'self'; img-src 'self' data: blob:; connect-src 'self' ws: wss:; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'";
  response.writeHead(200, { 'content-type': kTypes[extname(file)] ?? 'application/octet-stream', 'content-security-policy': csp });
  createReadStream(file).pipe(response);
}

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return request.headers['content-type']?.startsWith('application/json') && bytes.length ? JSON.parse(String(bytes)) : bytes;
}

export async function start_mock({ port = 0, ...options } = {}) {
  const world = make_world(options);
  const live = make_live(world);
  const routes = make_routes(world, live);
  live.tickets = routes.state.tickets;
  const done = new Map();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://mock');
    if (!url.pathname.startsWith('/api/v1')) return page(url.pathname, response);
    try {
      const body = await read(request);
      const key = request.headers['idempotency-key'];
      let result = key && done.get(key);
      if (!result) {
        result = routes.answer(request, url.pathname.slice(7), url.searchParams, body);
        if (key) done.set(key, result);
      }
      const headers = result.cookie ? { 'set-cookie': result.cookie } : {};
      if ('raw' in result) response.writeHead(200, { ...headers, 'content-type': result.type }).end(result.raw);
      else if (result.status === 204) response.writeHead(204, headers).end();
      else response.writeHead(result.status ?? 200, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(result.value));
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'internal', String(error?.stack ?? error));
      const headers = { 'content-type': 'application/problem+json', ...(error.retry ? { 'retry-after': String(error.retry) } : {}) };
      response.writeHead(refusal.status, headers).end(JSON.stringify({ type: 'about:blank', title: refusal.code, status: refusal.status, code: refusal.code, detail: refusal.detail, ...refusal.more }));
    }
  });
  live.attach(server);
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, world, live, routes, close: () => new Promise((resolve) => { live.drop(); server.close(resolve); server.closeAllConnections(); }) };
}
