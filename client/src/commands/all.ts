// Every command, in the order in which help and manual list them: where a new one gets its line.
import { createGrammar, type Grammar } from '../shell/grammar.ts';
import type { Command } from './command.ts';
import { completion } from './completion.ts';
import { configCheck } from './config/check.ts';
import { configReload } from './config/reload.ts';
import { exit, quit } from './quit.ts';
import { setBackend } from './set/backend.ts';
import { setFrontend } from './set/frontend.ts';
import { showBackend } from './show/backend.ts';
import { showBackends } from './show/backends.ts';
import { showFrontend } from './show/frontend.ts';
import { showFrontends } from './show/frontends.ts';
import { showHealthCheck } from './show/healthcheck.ts';
import { showHealthChecks } from './show/healthchecks.ts';
import { showOverrides } from './show/overrides.ts';
import { showVersion } from './show/version.ts';
import { showVppInfo } from './show/vpp/info.ts';
import { showVppLbCounters } from './show/vpp/lb/counters.ts';
import { showVppLbState } from './show/vpp/lb/state.ts';
import { syncVppLbState } from './sync/vpp-lb-state.ts';
import { watchEvents } from './watch/events.ts';

export const commands: readonly Command[] = [
  showVersion,
  showFrontends,
  showFrontend,
  showBackends,
  showBackend,
  showHealthChecks,
  showHealthCheck,
  showVppInfo,
  showVppLbState,
  showVppLbCounters,
  showOverrides,
  setBackend,
  setFrontend,
  syncVppLbState,
  watchEvents,
  configCheck,
  configReload,
  completion,
  quit,
  exit,
];

/** Help of words that several commands share. */
const wordHelp: Readonly<Record<string, string>> = {
  show: 'show state',
  set: 'change a backend or a weight',
  sync: 'have VPP repaired now',
  watch: 'follow what happens',
  config: 'check or reload the configuration file',
  vpp: 'the dataplane',
  lb: "VPP's load balancer",
  state: 'what VPP holds',
  reason: 'why; kept with the override, takes the rest of the line',
  backend: 'one backend',
  frontend: 'one frontend',
  '<backend>': 'name of a backend',
  '<frontend>': 'name of a frontend',
  '<pool>': 'name of a pool',
  '<healthcheck>': 'name of a health check',
  '<weight>': 'weight, 0 to 100',
  '<count>': 'a number, from 1',
  '<text>': 'free text',
};

export const grammar: Grammar<Command> = createGrammar(commands, wordHelp);
