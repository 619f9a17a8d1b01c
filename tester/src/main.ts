// maglevt's command line: argv, environment, signals and exits, and which of the two faces is shown.

import type { Options } from './arguments.ts';
import { parseArguments } from './arguments.ts';
import { readConfigFiles } from './config-files.ts';
import { usageText } from './flags.ts';
import { runJson } from './json-face.ts';
import { vipCountMax } from './limits.ts';
import { runScreen } from './screen-face.ts';
import { collectTargets, endpointOf, type Target } from './targets.ts';
import { versionText } from './version.ts';

/** Flags or configuration that cannot be used. */
const exitUsage = 2;

function fail(lines: readonly string[]): never {
  process.stderr.write(lines.map((line) => `maglevt: ${line}\n`).join(''));
  process.exit(exitUsage);
}

function readTargets(options: Options): readonly Target[] {
  const files = readConfigFiles(options.configPaths);
  if (!files.ok) return fail(files.lines);
  const all = collectTargets(files.configs);
  const place = options.configPaths.join(', ');
  if (all.length === 0) return fail([`no frontends in ${place}. Add one under maglev.frontends`]);
  const targets = all.filter((target) =>
    target.names.some((name) => options.wants(name, endpointOf(target))),
  );
  if (targets.length === 0) {
    return fail([`flag --filter: "${options.filter}" matches none of the ${all.length} VIPs in ${place}`]);
  }
  if (targets.length > vipCountMax) return fail([`more than ${vipCountMax} VIPs: choose some with --filter`]);
  if (targets.every(({ kind }) => kind === 'none')) {
    return fail(
      targets
        .slice(0, 5)
        .map((target) => `${target.names[0]}: ${target.reason}`)
        .concat('no VIP to probe'),
    );
  }
  return targets;
}

function main(argv: readonly string[]): void {
  const parsed = parseArguments(argv);
  if (parsed.t === 'refusal') fail([parsed.message]);
  if (parsed.t === 'help') return void process.stdout.write(usageText());
  if (parsed.t === 'version') return void process.stdout.write(`${versionText()}\n`);
  const { options } = parsed;
  const targets = readTargets(options);
  const { env } = process;
  const hasScreen = process.stdin.isTTY && process.stdout.isTTY && env['TERM'] !== 'dumb';
  if (options.json || !hasScreen) {
    runJson({ options, targets });
    return;
  }
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  runScreen({
    options,
    targets,
    hasColour: !env['NO_COLOR'],
    hasUnicode: /utf-?8/i.test(locale),
  });
}

main(process.argv.slice(2));
