#!/bin/sh
# Proves a package in a fresh Debian: install, use, install again, upgrade, remove, purge. Needs root, debootstrap
# and a mirror; leaves nothing behind. Usage: chroot.sh DEB SUITE [MIRROR]
# BASE names a folder with that suite as debootstrap left it, which is then copied instead.
# Without systemd as PID 1 the daemon is started by hand, in a network namespace of its own.
set -eu
deb=$(readlink -f "$1")
suite=$2
mirror=${3:-http://deb.debian.org/debian}
root=$(mktemp -d /tmp/vpp-maglev-chroot.XXXXXX)
pid=
finish() {
    [ -z "$pid" ] || kill "$pid" 2> /dev/null || true
    umount "$root/proc" 2> /dev/null || true
    rm -rf "$root"
}
trap finish EXIT INT TERM

inside() { LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }
say() { printf '%s\n' "== $suite: $*"; }
fail() { printf '%s\n' "FAILED: $*" >&2; exit 1; }
# What a machine has, without what apt, dpkg and the tools for users write about themselves.
census() {
    inside find / -xdev \( -path /proc -o -path /tmp -o -path /var/cache -o -path /var/lib/apt \
        -o -path /var/lib/dpkg -o -path /var/log -o -path /run -o -path /dev -o -path '/etc/*shadow-' \) -prune -o -print | sort
    inside cut -d: -f1 /etc/passwd
    inside cut -d: -f1 /etc/group
}

# A folder of mktemp is closed to everybody else, and the service user is one.
chmod 755 "$root"
if [ -n "${BASE:-}" ]; then cp -a "$BASE/." "$root"
else debootstrap --variant=minbase --include=ca-certificates,curl,init-system-helpers,iproute2 \
    "$suite" "$root" "$mirror" > "$root.log" 2>&1 || { tail "$root.log"; exit 1; }
fi
rm -f "$root.log"
mount -t proc proc "$root/proc"
# No service starts here, and what the package depends on is not counted as its trace.
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
inside apt-get install -y -qq --no-install-recommends adduser libatomic1 > /dev/null 2>&1
[ -e "$root/etc/hosts" ] || printf '127.0.0.1 localhost\n::1 localhost\n' > "$root/etc/hosts"
cp "$deb" "$root/tmp/vpp-maglev.deb"
census > "$root/tmp/before"

say 'install'
inside apt-get install -y -qq --no-install-recommends /tmp/vpp-maglev.deb > "$root/tmp/install.log" 2>&1 \
    || { cat "$root/tmp/install.log"; fail 'install'; }
inside dpkg --verify vpp-maglev
inside id maglevd
[ "$(stat -c %a "$root/etc/default/vpp-maglev")" = 640 ] || fail 'mode of /etc/default/vpp-maglev'
for program in maglevd maglevd-frontend maglevc; do inside "$program" --version; done
inside maglevd --check
[ -L "$root/etc/systemd/system/multi-user.target.wants/vpp-maglev.service" ] || fail 'vpp-maglev is not enabled'
[ ! -e "$root/etc/systemd/system/multi-user.target.wants/vpp-maglev-frontend.service" ] \
    || fail 'vpp-maglev-frontend is enabled'
[ -s "$root/usr/lib/vpp-maglev/maglevc/program.cache" ] || fail 'maglevc has no compiled form'

say 'use, as the service user with the rights of the unit'
mkdir -p "$root/var/lib/vpp-maglev"
inside chown maglevd:maglevd /var/lib/vpp-maglev
unshare --net sh -c 'ip link set lo up && exec "$@"' sh chroot "$root" \
    setpriv --reuid=maglevd --regid=maglevd --init-groups --inh-caps=-all,+net_raw,+sys_admin \
    --ambient-caps=-all,+net_raw,+sys_admin --bounding-set=-all,+net_raw,+sys_admin --no-new-privs \
    maglevd > "$root/tmp/maglevd.log" 2>&1 &
pid=$!
within() { nsenter --target "$pid" --net chroot "$root" "$@"; }
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    within curl -sf -o /dev/null http://localhost:9090/readyz && break
    [ -d "/proc/$pid" ] || { cat "$root/tmp/maglevd.log"; fail 'maglevd ended'; }
    sleep 1
done
within maglevc show version
within maglevc show frontends
within curl -sf http://localhost:9090/api/v1/version; echo
within curl -sf -o /dev/null http://localhost:9090/docs/static/swagger-ui-bundle.js || fail '/docs has no page'
within curl -sf http://localhost:9091/metrics | grep -c '^maglev_'
within maglevc set backend sorry pause reason proof > /dev/null
kill -TERM "$pid"
wait "$pid" || fail "maglevd ended with $?"
pid=
grep -q sorry "$root/var/lib/vpp-maglev/overrides.json" || fail 'the override was not kept'

say 'install again, and upgrade: conffiles stay'
echo '# kept' >> "$root/etc/vpp-maglev/maglev.yaml"
inside dpkg --force-confold -i /tmp/vpp-maglev.deb > /dev/null 2>&1
inside dpkg-deb --raw-extract /tmp/vpp-maglev.deb /tmp/next
sed -i 's/^Version: .*/&+next/' "$root/tmp/next/DEBIAN/control"
echo '# a new example' >> "$root/tmp/next/etc/vpp-maglev/maglev.yaml"
inside dpkg-deb -Znone --root-owner-group --build /tmp/next /tmp/next.deb > /dev/null
inside dpkg --force-confdef --force-confold -i /tmp/next.deb > /dev/null 2>&1
rm -rf "$root/tmp/next"
grep -q '^# kept' "$root/etc/vpp-maglev/maglev.yaml" || fail 'the upgrade lost the configuration'
inside maglevc --version > /dev/null
inside maglevd --check > /dev/null
grep -q sorry "$root/var/lib/vpp-maglev/overrides.json" || fail 'the upgrade lost the overrides'

say 'a VPP that comes later: its group is joined'
inside groupadd --system vpp
inside dpkg-trigger --no-await /usr/bin/vpp
inside dpkg --configure --pending
inside id -nG maglevd | grep -qw vpp || fail 'maglevd is not in group vpp'
inside groupdel vpp

say 'remove, and install again'
inside dpkg --remove vpp-maglev > /dev/null
[ -e "$root/etc/vpp-maglev/maglev.yaml" ] || fail 'remove took the configuration'
[ -e "$root/usr/lib/vpp-maglev" ] && fail 'remove left /usr/lib/vpp-maglev'
inside dpkg --force-confold -i /tmp/vpp-maglev.deb > /dev/null 2>&1

say 'purge, twice'
inside dpkg --purge vpp-maglev > /dev/null 2>&1
inside dpkg --purge vpp-maglev > /dev/null 2>&1 || true
rm -f "$root/tmp/next.deb"
census > "$root/tmp/after"
diff "$root/tmp/before" "$root/tmp/after" || fail 'purge left something behind'
say 'ok'
