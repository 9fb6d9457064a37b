// SPDX-License-Identifier: Apache-2.0
// The field page opens without a network: its files are kept as they are used. Data and outbox are the page's own affair.
const kCache = 'cityloop-field-1';
self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(kCache).then((cache) => cache.add('/f/tasks')).then(() => self.skipWaiting()));
});
self.addEventListener('activate', (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== kCache).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});
async function page(request) {
  const cache = await caches.open(kCache);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put('/f/tasks', answer.clone());
    return answer;
  } catch {
    return (await cache.match('/f/tasks')) ?? Response.error();
  }
}
async function file(request) {
  const cache = await caches.open(kCache);
  const known = await cache.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin || url.pathname.startsWith('/api/')) return;
  if (event.request.mode === 'navigate') event.respondWith(page(event.request));
  else if (url.pathname.startsWith('/assets/') || url.pathname === '/icon.svg') event.respondWith(file(event.request));
});
