#!/bin/sh
# Runs the arm64 package's programs on another processor, by qemu: they start, load the addon, probe by it (plain
# and raw sockets) and talk with each other. Needs root, qemu-user-static and the cross libraries (libc6-arm64-cross,
# libstdc++6-arm64-cross, libatomic1-arm64-cross), curl and iproute2. Usage: arm64.sh DEB
set -eu
folder=$(mktemp -d /tmp/vpp-maglev-arm64.XXXXXX)
pid=
finish() {
    [ -z "$pid" ] || kill "$pid" 2> /dev/null || true
    rm -rf "$folder"
}
trap finish EXIT INT TERM
fail() { printf '%s\n' "FAILED: $*" >&2; cat "$folder/log" >&2; exit 1; }
dpkg-deb --extract "$1" "$folder"
lib=$folder/usr/lib/vpp-maglev
emulate() { qemu-aarch64-static -L /usr/aarch64-linux-gnu "$lib/node" "$@"; }
[ "$(emulate -p process.arch)" = arm64 ] || fail 'no arm64'
for program in maglevd.mjs maglevd-frontend.mjs maglevc/maglevc.cjs; do emulate "$lib/$program" --version; done
emulate "$lib/maglevd.mjs" --check --config "$folder/etc/vpp-maglev/maglev.yaml"
cat > "$folder/maglev.yaml" << 'END'
maglev:
  healthchecks:
    ping: { type: icmp, interval: 1s, timeout: 5s, rise: 1 }
    self: { type: http, port: 9091, interval: 1s, timeout: 5s, rise: 1, params: { path: /metrics } }
  backends:
    icmp: { address: 127.0.0.1, healthcheck: ping }
    http: { address: 127.0.0.1, healthcheck: self }
END
unshare --net sh -c 'ip link set lo up && exec "$@"' sh qemu-aarch64-static -L /usr/aarch64-linux-gnu \
    "$lib/node" "$lib/maglevd.mjs" --config "$folder/maglev.yaml" --state-dir '' > "$folder/log" 2>&1 &
pid=$!
within() { nsenter --target "$pid" --net "$@"; }
for _ in $(seq 60); do
    up=$(within curl -s 'http://localhost:9090/api/v1/backends?state=up' | grep -o '"name"' | wc -l)
    [ "$up" = 2 ] && break
    [ -d "/proc/$pid" ] || fail 'maglevd ended'
    sleep 1
done
within qemu-aarch64-static -L /usr/aarch64-linux-gnu "$lib/node" "$lib/maglevc/maglevc.cjs" show backends
[ "$up" = 2 ] || fail "$up of 2 backends are up"
kill -TERM "$pid"
wait "$pid" || fail "maglevd ended with $?"
pid=
echo ok
