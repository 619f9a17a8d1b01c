// The demo's maglev.yaml as text: three frontends on loopback, two of them with a standby pool. Pure.

/** Of the VIPs; the backends have a port that is found free. */
const vipPort = 8080;
const vips = { 'demo-www': '127.0.0.80', 'demo-api': '127.0.0.81', 'demo-static': '127.0.0.82' } as const;

type Backend = 'steady-a' | 'steady-b' | 'flipping' | 'spare-a' | 'spare-b';

export interface DemoConfig {
  /** Of a maglev.yaml. */
  readonly text: string;
  readonly urls: readonly string[];
}

/** `addresses` of the backends, which listen on `port`. */
export function demoConfigText(addresses: Readonly<Record<Backend, string>>, port: number): DemoConfig {
  const urls = Object.values(vips).map((address) => `http://${address}:${vipPort}/`);
  return { text: [headText(port), backendsText(addresses), frontendsText()].join(''), urls };
}

const headText = (port: number) => `maglev:
  healthchecker:
    transition-history: 20
  vpp:
    lb:
      ipv4-src-address: 127.0.0.1
      startup-min-delay: 0s
      startup-max-delay: 2s
  healthchecks:
    demo-http:
      type: http
      port: ${port}
      interval: 1s
      fast-interval: 500ms
      timeout: 500ms
      rise: 2
      fall: 2
      params: { path: /healthz }
`;

const backendsText = (addresses: Readonly<Record<Backend, string>>) => `  backends:
${Object.entries(addresses)
  .map(([name, address]) => `    ${name}: { address: ${address}, healthcheck: demo-http }\n`)
  .join('')}`;

const frontendsText = () => `  frontends:
    demo-www:
      description: three backends share the load, two stand by until all of them are ill
      address: ${vips['demo-www']}
      protocol: tcp
      port: ${vipPort}
      pools:
        - name: primary
          backends:
            steady-a: { weight: 100 }
            steady-b: { weight: 100 }
            flipping: { weight: 50 }
        - name: standby
          backends:
            spare-a: { weight: 100 }
            spare-b: { weight: 50 }
    demo-api:
      description: fails over whenever its only primary backend is ill
      address: ${vips['demo-api']}
      protocol: tcp
      port: ${vipPort}
      pools:
        - name: primary
          backends:
            flipping: { weight: 100 }
        - name: standby
          backends:
            spare-a: { weight: 100 }
    demo-static:
      description: one pool, where a client keeps its backend
      address: ${vips['demo-static']}
      protocol: tcp
      port: ${vipPort}
      src-ip-sticky: true
      pools:
        - name: all
          backends:
            steady-b: { weight: 75 }
            spare-b: { weight: 25 }
`;
