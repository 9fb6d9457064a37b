// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig, type Plugin } from 'vitest/config';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// The development server answers with the page that the C++ server would (README.md, "Addresses").
function pages(): Plugin {
  const table: [RegExp, string][] = [
    [/^\/screen(\/|$)/, '/screen.html'],
    [/^\/desk(\/|$)/, '/desk.html'],
    [/^\/f(\/|$)/, '/field.html'],
    [/^\/m(\/|$)/, '/m.html'],
    [/^\/login$/, '/index.html'],
  ];
  return {
    name: 'cityloop-pages',
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        const path = (request.url ?? '').split('?')[0] ?? '';
        const page = path.includes('.') ? undefined : table.find(([pattern]) => pattern.test(path));
        if (page) request.url = page[1];
        next();
      });
    },
  };
}

const backend = process.env['CITYLOOP_URL'] ?? 'http://127.0.0.1:8090';

export default defineConfig({
  plugins: [vue(), pages()],
  resolve: { alias: { '@core': at('./src/core'), '@ui': at('./src/ui'), '@map': at('./src/map') } },
  server: { host: '127.0.0.1', proxy: { '/api': { target: backend, ws: true }, '/tiles': backend } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 2048,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      input: { index: at('./index.html'), screen: at('./screen.html'), desk: at('./desk.html'), field: at('./field.html'), m: at('./m.html') },
    },
  },
  test: { environment: 'happy-dom', include: ['test/unit/**/*.test.ts'] },
});
