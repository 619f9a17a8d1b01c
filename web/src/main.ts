// Starts the page: the settings of this browser, the stream, the components.
import './tokens.css';
import './page.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { FleetStream } from './lib/fleet/fleet.svelte.ts';
import { Settings } from './lib/settings.svelte.ts';

const stream = new FleetStream('api/stream');
const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');
target.replaceChildren();
mount(App, { target, props: { stream, settings: new Settings() } });
stream.start();
