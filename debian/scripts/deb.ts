// Makes one .deb of a staged tree: what dpkg wants beside the files. Same input, same bytes. Knows nothing of what
// the programs do.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rootDir } from './bundle.ts';
import type { Architecture } from './runtime.ts';
import { docDir, libDir } from './stage.ts';

export interface DebOptions {
  readonly architecture: Architecture;
  readonly version: string;
  /** Seconds since the Unix epoch: the time of every file. */
  readonly dateSeconds: number;
  /** The staged tree; changed by this. */
  readonly folder: string;
  readonly outfile: string;
}

const maintainer = 'vpp-maglev maintainers <maintainers@vpp-maglev.example>';
const conffiles = ['/etc/default/vpp-maglev', '/etc/vpp-maglev/maglev.yaml'];

/** From the repository to the package; `mode` where it is not 644. */
const files: readonly (readonly [from: string, to: string, mode?: number])[] = [
  ['debian/maglev.yaml', 'etc/vpp-maglev/maglev.yaml'],
  ['debian/vpp-maglev.default', 'etc/default/vpp-maglev', 0o640],
  ['debian/start-condition', `${libDir}/start-condition`, 0o755],
  ['debian/systemd/vpp-maglev.service', 'usr/lib/systemd/system/vpp-maglev.service'],
  ['debian/systemd/vpp-maglev-frontend.service', 'usr/lib/systemd/system/vpp-maglev-frontend.service'],
  ['debian/README.Debian', `${docDir}/README.Debian`],
  ['debian/copyright', `${docDir}/copyright`],
  ['debian/lintian-overrides', 'usr/share/lintian/overrides/vpp-maglev'],
];

const manuals: readonly (readonly [from: string, section: number])[] = [
  ['docs/man/maglevd.8', 8],
  ['docs/man/maglevd-frontend.8', 8],
  ['client/maglevc.1', 1],
  ['tester/maglevt.1', 1],
];

const description = `Health checker and control plane for VPP's Maglev load balancer
 VPP's lb plugin spreads flows over servers and knows nothing of their health.
 maglevd probes the backends of a configuration file, decides their state,
 programs VPP, reads back what VPP holds, and serves a dashboard, REST, gRPC
 and Prometheus metrics.
 .
 maglevc is its command line, and maglevd-frontend the dashboard of several.`;

export function writeDeb(options: DebOptions): void {
  const { folder, outfile, dateSeconds } = options;
  const write = (path: string, data: string | Buffer, mode = 0o644) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), data);
    chmodSync(join(folder, path), mode);
  };
  for (const [from, to, mode] of files) write(to, readFileSync(join(rootDir, from)), mode);
  for (const [from, section] of manuals) {
    const name = from.slice(from.lastIndexOf('/') + 1);
    write(`usr/share/man/man${section}/${name}.gz`, pack(readFileSync(join(rootDir, from))));
  }
  write(`${docDir}/changelog.gz`, pack(changelog(options)));
  write(`${docDir}/CHANGELOG.md.gz`, pack(readFileSync(join(rootDir, 'CHANGELOG.md'))));
  write(`${docDir}/LICENSES.npm.gz`, pack(readFileSync(join(folder, docDir, 'LICENSES.npm'))));
  write(`${docDir}/LICENSE.nodejs.gz`, pack(readFileSync(join(folder, docDir, 'LICENSE.nodejs'))));
  for (const name of ['LICENSES.npm', 'LICENSE.nodejs']) execFileSync('rm', [join(folder, docDir, name)]);
  writeControl(options, write);
  setTimes(folder, dateSeconds);
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(dateSeconds) };
  const words = ['-Zxz', '-z6', '--threads-max=1', '--root-owner-group', '--build', folder, outfile];
  execFileSync('dpkg-deb', words, { env, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** gzip without a name and a time in its header. */
const pack = (data: string | Buffer) => gzipSync(data, { level: 9 });

function changelog({ version, dateSeconds }: DebOptions): string {
  const date = new Date(dateSeconds * 1000).toUTCString().replace('GMT', '+0000');
  return [
    `vpp-maglev (${version}) unstable; urgency=medium\n`,
    '  * What changed stands in CHANGELOG.md.gz beside this file.\n',
    ` -- ${maintainer}  ${date}\n`,
  ].join('\n');
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.startsWith('DEBIAN') && lstatSync(join(folder, path)).isFile())
    .sort();
}

function writeControl(options: DebOptions, write: (path: string, data: string, mode?: number) => void): void {
  const { architecture, version, folder } = options;
  const paths = listFiles(folder);
  const bytes = paths.reduce((sum, path) => sum + lstatSync(join(folder, path)).size, 0);
  const control = [
    'Package: vpp-maglev',
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    `Maintainer: ${maintainer}`,
    `Installed-Size: ${Math.ceil(bytes / 1024)}`,
    'Depends: adduser, libatomic1, libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 5.2)',
    'Suggests: prometheus, vpp',
    'Section: net',
    'Priority: optional',
    'Homepage: https://github.com/vpp-maglev/vpp-maglev',
    `Description: ${description}`,
    '',
  ];
  write('DEBIAN/control', control.join('\n'));
  write('DEBIAN/conffiles', `${conffiles.join('\n')}\n`);
  const sums = paths
    .filter((path) => !conffiles.includes(`/${path}`))
    .map(
      (path) =>
        `${createHash('md5')
          .update(readFileSync(join(folder, path)))
          .digest('hex')}  ${path}\n`,
    );
  write('DEBIAN/md5sums', sums.join(''));
  cpSync(join(rootDir, 'debian/maintainer'), join(folder, 'DEBIAN'), { recursive: true });
  for (const name of readdirSync(join(folder, 'DEBIAN'))) {
    chmodSync(join(folder, 'DEBIAN', name), /^(pre|post)/.test(name) ? 0o755 : 0o644);
  }
}

function setTimes(folder: string, seconds: number): void {
  for (const path of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]) {
    chmodDirectory(join(folder, path));
    utimesSync(join(folder, path), seconds, seconds);
  }
}

/** Independent of the umask. */
function chmodDirectory(path: string): void {
  if (lstatSync(path).isDirectory()) chmodSync(path, 0o755);
}
