#!/bin/sh
# Proves the units where systemd runs: a Debian booted by systemd-nspawn, with no network. Needs root and a folder
# as debootstrap left it, with systemd, dbus, adduser, libatomic1, curl and iproute2; a copy of it is used.
# Usage: nspawn.sh DEB FOLDER
set -eu
deb=$(readlink -f "$1")
base=$2
root=$(mktemp -d /tmp/vpp-maglev-nspawn.XXXXXX)
nspawn=
finish() {
    if [ -n "$nspawn" ]; then
        kill -TERM "$nspawn" 2> /dev/null || true
        wait "$nspawn" 2> /dev/null || true
    fi
    rm -rf "$root"
}
trap finish EXIT INT TERM
say() { printf '%s\n' "== $*"; }
fail() { printf '%s\n' "FAILED: $*" >&2; inside journalctl --no-pager -u vpp-maglev | tail -20; exit 1; }

chmod 755 "$root"
cp -a "$base/." "$root"
cp "$deb" "$root/root/vpp-maglev.deb"
rm -f "$root/usr/sbin/policy-rc.d"
[ -s "$root/etc/machine-id" ] || echo 0123456789abcdef0123456789abcdef > "$root/etc/machine-id"
[ -e "$root/etc/hosts" ] || printf '127.0.0.1 localhost\n::1 localhost\n' > "$root/etc/hosts"
# systemd 257 refuses to boot on control groups of version 1: the container is shown those of version 2 alone.
# shellcheck disable=SC2016
unshare --mount sh -c '
    if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
        umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup
    fi
    exec systemd-nspawn --quiet --boot --directory="$0" --private-network --register=no --keep-unit \
        --link-journal=no --console=read-only' "$root" > "$root/root/console.log" 2>&1 < /dev/null &
nspawn=$!
leader=
for _ in $(seq 30); do
    leader=$(pgrep --parent "$nspawn" --oldest || true)
    [ -n "$leader" ] && [ -S "/proc/$leader/root/run/dbus/system_bus_socket" ] && break
    sleep 1
done
inside() { LC_ALL=C.UTF-8 nsenter --target "$leader" --all --root --wd "$@"; }
inside systemctl is-system-running --wait || true
inside ip link set lo up
state() { inside systemctl show --property="$1" --value vpp-maglev; }
ready() {
    for _ in $(seq 30); do
        inside curl -sf -o /dev/null http://localhost:9090/readyz && return
        sleep 1
    done
    fail 'not ready'
}

say 'installed: enabled, started, ready'
inside dpkg -i /root/vpp-maglev.deb > /dev/null || fail 'dpkg -i'
[ "$(inside systemctl is-active vpp-maglev)" = active ] || fail 'not active'
inside systemctl is-enabled vpp-maglev
ready
state StatusText
inside maglevc show version
inside systemd-analyze verify --man=no vpp-maglev.service vpp-maglev-frontend.service
pid=$(state MainPID)
inside grep -E '^(Uid|Cap[A-Z][a-z]+|NoNewPrivs|Seccomp):' "/proc/$pid/status"

say 'probes: raw ICMP, and in a network namespace'
inside ip netns add dataplane
inside ip -n dataplane link set lo up
inside sh -c 'cat > /etc/vpp-maglev/maglev.yaml' << 'END'
maglev:
  healthchecker: { netns: dataplane }
  healthchecks:
    ping: { type: icmp, interval: 200ms, timeout: 1s, rise: 1 }
  backends:
    b0: { address: 127.0.0.1, healthcheck: ping }
END
inside systemctl reload vpp-maglev
sleep 3
inside maglevc show backends
inside curl -sf http://localhost:9090/api/v1/backends/b0 | grep -q '"state":"up"' || fail 'b0 is not up'

say 'a wrong file: the reload fails and says why, the daemon goes on'
inside sh -c 'echo "maglev: { backends: 7 }" > /etc/vpp-maglev/maglev.yaml.new &&
    cp /etc/vpp-maglev/maglev.yaml /root/good && cp /etc/vpp-maglev/maglev.yaml.new /etc/vpp-maglev/maglev.yaml'
inside systemctl reload vpp-maglev && fail 'a wrong file was reloaded'
inside curl -sf http://localhost:9090/api/v1/backends/b0 | grep -q '"state":"up"' || fail 'b0 is not up'
inside cp /root/good /etc/vpp-maglev/maglev.yaml
inside systemctl reload vpp-maglev
[ "$(state MainPID)" = "$pid" ] || fail 'a reload restarted'

say 'a hang: the watchdog ends it, and it comes back'
inside mkdir -p /run/systemd/system/vpp-maglev.service.d
inside sh -c 'printf "[Service]\nWatchdogSec=3s\nTimeoutAbortSec=2s\n" > /run/systemd/system/vpp-maglev.service.d/t.conf'
inside systemctl daemon-reload
inside systemctl restart vpp-maglev
ready
pid=$(state MainPID)
sleep 5
[ "$(state MainPID)" = "$pid" ] || fail 'the watchdog ended a daemon that was alive'
inside systemctl kill --kill-whom=main --signal=STOP vpp-maglev
for _ in $(seq 20); do [ "$(state MainPID)" != "$pid" ] && [ "$(state ActiveState)" = active ] && break; sleep 1; done
[ "$(state MainPID)" != "$pid" ] || fail 'the watchdog did nothing'
ready
state NRestarts
inside journalctl --no-pager -u vpp-maglev -g atchdog | tail -2

say 'an upgrade restarts it once'
pid=$(state MainPID)
inside dpkg -i /root/vpp-maglev.deb > /dev/null
ready
[ "$(state MainPID)" != "$pid" ] || fail 'the upgrade did not restart it'

say 'the example beside a VPP: the start is skipped'
inside cp /usr/share/vpp-maglev/maglev.yaml /etc/vpp-maglev/maglev.yaml
inside systemctl stop vpp-maglev
inside mkdir -p /run/vpp
inside perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un("/run/vpp/api.sock")) or die'
inside systemctl start vpp-maglev
[ "$(state ActiveState)" = inactive ] || fail 'it started with the example beside a VPP'
inside journalctl --no-pager -u vpp-maglev | grep -m1 'still the example' || fail 'nothing said why'
inside rm -r /run/vpp

say 'the frontend'
inside systemctl start vpp-maglev vpp-maglev-frontend
sleep 3
[ "$(inside systemctl is-active vpp-maglev-frontend)" = active ] || fail 'the frontend is not active'
inside curl -sf -o /dev/null -w 'GET /view/: %{http_code}\n' http://localhost:8080/view/
inside grep -E '^Cap(Eff|Bnd)' "/proc/$(inside systemctl show -p MainPID --value vpp-maglev-frontend)/status"

say 'exposure'
inside systemd-analyze security --no-pager vpp-maglev.service | grep '✗\|Overall'
inside systemd-analyze security --no-pager vpp-maglev-frontend.service | grep '✗\|Overall'

say 'purge'
inside dpkg --purge vpp-maglev > /dev/null
inside systemctl list-unit-files 'vpp-maglev*' | grep -q maglev && fail 'a unit is left'
inside sh -c 'ls -d /etc/vpp-maglev /var/lib/vpp-maglev /run/vpp-maglev 2> /dev/null' && fail 'a folder is left'
say 'ok'
