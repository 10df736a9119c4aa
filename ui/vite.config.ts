import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  // Relative, so that the page also loads from the app's own protocol.
  base: './',
  // Tauri's `devUrl` names this port: another one would show an empty window.
  server: { port: 5173, strictPort: true },
  build: {
    // WebView2 is evergreen; this is the oldest WebKit that the app meets (macOS 13, WebKitGTK 2.40).
    target: ['chrome111', 'safari16.4'],
    // Inlined assets would be data: URLs, which the content security policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: {
    environment: 'happy-dom',
    include: ['tests/**/*.test.ts'],
    setupFiles: ['tests/setup.ts'],
  },
});
