// SPDX-License-Identifier: Apache-2.0
// The field page opens without a network: at installation every file that it can reach is kept, and each photo that was
// seen. Data and outbox are the page's own affair, and so is when the photos of one person are forgotten (core/device.ts).
const kCache = 'cityloop-field-1';
const kPhotos = 'cityloop-photos-1';
const kMostPhotos = 300;
const kPhoto = /^\/api\/v1\/attachments\/[0-9a-f]{64}$/;
const kName = /[\w.-]+-[\w-]{8}\.(?:js|css)/g;

// The page names its first files, those name the rest.
async function keep_all() {
  const cache = await caches.open(kCache);
  const page = await fetch('/f/tasks', { cache: 'no-cache' });
  if (!page.ok) throw new Error('page');
  const waiting = new Set((await page.clone().text()).match(kName) ?? []);
  await cache.put('/f/tasks', page);
  for (const name of waiting) {
    const path = `/assets/${name}`;
    const answer = (await cache.match(path)) ?? (await fetch(path));
    if (!answer.ok) continue;
    if (name.endsWith('.js')) for (const other of (await answer.clone().text()).match(kName) ?? []) waiting.add(other);
    await cache.put(path, answer.clone());
  }
  const kept = await cache.keys();
  await Promise.all(kept.filter(({ url }) => url.includes('/assets/') && !waiting.has(url.split('/').at(-1))).map((one) => cache.delete(one)));
}
self.addEventListener('install', (event) => event.waitUntil(keep_all().then(() => self.skipWaiting())));
self.addEventListener('activate', (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== kCache && name !== kPhotos).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

// A newer page on the server brings its files along, before it is the kept one.
async function page(request) {
  const cache = await caches.open(kCache);
  try {
    const answer = await fetch(request);
    const known = await cache.match('/f/tasks');
    if (answer.ok && known && (await answer.clone().text()) !== (await known.text())) void keep_all().catch(() => undefined);
    return answer;
  } catch {
    return (await cache.match('/f/tasks')) ?? Response.error();
  }
}
async function file(request) {
  const cache = await caches.open(kCache);
  return (await cache.match(request)) ?? fetch(request);
}
// A photo is named by its bytes: the one that is kept is right for good.
async function photo(request) {
  const cache = await caches.open(kPhotos);
  const known = await cache.match(request.url);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.status === 200) {
    const copy = answer.clone();
    void cache.put(request.url, copy).then(async () => {
      const kept = await cache.keys();
      await Promise.all(kept.slice(0, Math.max(0, kept.length - kMostPhotos)).map((one) => cache.delete(one)));
    }).catch(() => undefined);
  }
  return answer;
}
self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin) return;
  if (kPhoto.test(url.pathname) && !url.search) return event.respondWith(photo(event.request));
  if (url.pathname.startsWith('/api/')) return;
  if (event.request.mode === 'navigate') event.respondWith(page(event.request));
  else if (url.pathname.startsWith('/assets/')) event.respondWith(file(event.request));
});
