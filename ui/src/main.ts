import { mount } from 'svelte';

import './app.css';
import App from './App.svelte';
import type { Backend } from './lib/backend';

async function engine(): Promise<Backend> {
  if ('__TAURI_INTERNALS__' in window) return (await import('./lib/tauri')).tauriBackend;
  const { FakeBackend, sceneOf } = await import('./lib/fake');
  return new FakeBackend(sceneOf(location.search));
}

const target = document.querySelector('#app');
if (target === null) throw new Error('the page has no #app');
mount(App, { target, props: { backend: await engine() } });
