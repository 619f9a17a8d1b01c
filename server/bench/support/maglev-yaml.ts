// Configurations for trials, as text: many backends on loopback addresses in frontends of a hundred each.
// Pure: it must not know what is done with them.

export interface YamlLayout {
  /** How many frontends share the backends evenly; absent: one for a hundred. */
  readonly frontendCount?: number;
  readonly addressOf?: (index: number) => string;
  readonly weightOf?: (index: number) => number;
}

/** 127.2.0.1 and up: any port that listens on the wildcard address answers there. */
export function backendAddress(index: number): string {
  const number = index + 1;
  return `127.${2 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
}

const backendName = (index: number) => `backend-${index}`;

/**
 * @param check lines of the one health check, e.g. `type: http`; empty: the backends are static
 */
export function maglevYaml(count: number, check: readonly string[], layout: YamlLayout = {}): string {
  const { frontendCount = Math.ceil(count / 100), addressOf = backendAddress, weightOf = () => 100 } = layout;
  const indexes = Array.from({ length: count }, (_, index) => index);
  const healthcheck = check.length > 0 ? ', healthcheck: bench' : '';
  const lb = 'ipv4-src-address: 127.0.0.1, startup-min-delay: 0s, startup-max-delay: 60s';
  const lines = ['maglev:', `  vpp: { lb: { ${lb} } }`];
  if (check.length > 0) lines.push('  healthchecks:', '    bench:', ...check.map((line) => `      ${line}`));
  lines.push('  backends:');
  for (const index of indexes) {
    lines.push(`    ${backendName(index)}: { address: ${addressOf(index)}${healthcheck} }`);
  }
  lines.push('  frontends:');
  const firstOf = (frontend: number) => Math.floor((frontend * count) / frontendCount);
  for (let number = 0; number < frontendCount; number++) {
    const members = indexes.slice(firstOf(number), firstOf(number + 1));
    lines.push(
      `    frontend-${number}:`,
      `      address: 127.1.${number >> 8}.${number & 255}`,
      '      protocol: tcp',
      '      port: 80',
      '      pools:',
      '        - name: primary',
      '          backends:',
      ...members.map((index) => `            ${backendName(index)}: { weight: ${weightOf(index)} }`),
    );
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Frontends with static backends of their own, for what is programmed.
 * @param table length and steps of each frontend
 */
export function vipYaml(
  vipCount: number,
  serverCount: number,
  table: { readonly length: number; readonly weightSteps: number },
): string {
  const lb = 'ipv4-src-address: 127.0.0.1, startup-min-delay: 0s, startup-max-delay: 0s, sync-interval: 24h';
  const lines = ['maglev:', `  vpp: { lb: { ${lb} } }`, '  backends:'];
  const count = vipCount * serverCount;
  for (let index = 0; index < count; index++) {
    lines.push(`    ${backendName(index)}: { address: ${backendAddress(index)} }`);
  }
  lines.push('  frontends:');
  for (let vip = 0; vip < vipCount; vip++) {
    const names = Array.from({ length: serverCount }, (_, index) => backendName(vip * serverCount + index));
    lines.push(
      `    frontend-${vip}:`,
      `      address: 127.1.${vip >> 8}.${vip & 255}`,
      '      protocol: tcp',
      '      port: 80',
      `      new-flows-table-length: ${table.length}`,
      `      weight-steps: ${table.weightSteps}`,
      '      pools:',
      `        - { name: primary, backends: { ${names.map((name) => `${name}: {}`).join(', ')} } }`,
    );
  }
  return `${lines.join('\n')}\n`;
}
