#!/bin/sh
# Builds the container image without an engine and runs it: the RUN lines of the Dockerfile, each stage in a Debian
# of its own, the result as its only file system, read-only but for /tmp (as the demo in docker-compose.yaml has
# it), as its user, with no capability but CAP_NET_RAW.
# What an engine adds is not proved: layers, its base images, its networks, its seccomp profile.
# Needs root, npm, curl, iproute2, setpriv and a folder as debootstrap left it (bookworm), of which copies are used.
# Usage: container.sh FOLDER   (in the repository; what is committed is built)
set -eu
base=$1
work=$(mktemp -d /tmp/vpp-maglev-container.XXXXXX)
pid=
finish() {
    [ -z "$pid" ] || kill "$pid" 2> /dev/null || true
    umount "$work/build/proc" 2> /dev/null || true
    umount --recursive "$work/run" 2> /dev/null || true
    rm -rf "$work"
}
trap finish EXIT INT TERM
say() { printf '%s\n' "== $*"; }
fail() { printf '%s\n' "FAILED: $*" >&2; tail -20 "$work/log" >&2; exit 1; }
# The RUN lines of one stage, joined where they go on.
commands() {
    awk -v stage="$1" '$1 == "FROM" { on = $NF == stage } !on { next }
        { line = line $0 } /\\$/ { sub(/\\$/, "", line); next }
        line ~ /^RUN / { sub(/^RUN /, "", line); print line } { line = "" }' Dockerfile
}
run_stage() {
    commands "$1" | while read -r command; do
        say "$1: $command"
        DEBIAN_FRONTEND=noninteractive chroot "$work/$1" sh -c "cd /src && $command" > "$work/log" 2>&1 < /dev/null ||
            { tail -20 "$work/log" >&2; exit 1; }
    done
}
for stage in build image; do
    mkdir -p "$work/$stage"
    cp -a "$base/." "$work/$stage"
    mkdir -p "$work/$stage/src"
    cp /etc/resolv.conf "$work/$stage/etc/resolv.conf"
done
chmod 755 "$work"

# As the base image has it: Node.js and npm. What this machine trusts and asks goes with them.
cp "$(node -p process.execPath)" "$work/build/usr/local/bin/node"
mkdir -p "$work/build/usr/local/lib/node_modules"
cp -a "$(npm root --global)/npm" "$work/build/usr/local/lib/node_modules/npm"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$work/build/usr/local/bin/npm"
mkdir -p "$work/build/etc/ssl/certs"
cp -L /etc/ssl/certs/ca-certificates.crt "$work/build/etc/ssl/certs/"
npm_config_registry=$(npm config get registry)
export npm_config_registry
mount -t proc proc "$work/build/proc"
git clone -q . "$work/build/src"
PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
run_stage build
umount "$work/build/proc"

mv "$work/build/image" "$work/image/image"
cp -a debian/container "$work/image/container"
run_stage image

say 'the image'
mkdir "$work/run"
mount --bind "$work/image/image" "$work/run"
mkdir -p "$work/run/proc"
mount -o remount,ro,bind "$work/run"
mount -t proc proc "$work/run/proc"
mount -t tmpfs tmpfs "$work/run/tmp"
du -sh "$work/image/image" | cut -f1
for shell in bin/sh bin/bash usr/bin/dpkg usr/bin/apt; do [ ! -e "$work/run/$shell" ] || fail "the image has /$shell"; done
lib=/usr/lib/vpp-maglev
# The engine's grant, and what chroot itself needs: the launcher's file holds none of that.
granted='-all,+net_raw,+sys_chroot,+setuid,+setgid'
unshare --net sh -c 'ip link set lo up && exec "$@"' sh setpriv --bounding-set="$granted" --inh-caps=-all \
    chroot --userspec=65532:65532 --groups=65532 "$work/run" \
    "$lib/launch" "$lib/node" "$lib/maglevd.mjs" --demo --state-dir '' > "$work/log" 2>&1 &
pid=$!
within() { nsenter --target "$pid" --net "$@"; }
for _ in $(seq 30); do
    within curl -sf -o /dev/null http://localhost:9090/readyz && break
    [ -d "/proc/$pid" ] || fail 'maglevd ended'
    sleep 1
done
grep -E '^(Uid|CapEff|CapBnd)' "/proc/$pid/status"
grep -q '^Uid:.65532' "/proc/$pid/status" || fail 'it does not run as its user'
grep -q '^CapEff:.0000000000002000' "/proc/$pid/status" || fail 'it holds something else than CAP_NET_RAW'
within curl -sf -o /dev/null -w 'GET /view/: %{http_code}\n' http://localhost:9090/view/ || fail 'no dashboard'
say 'the health check'
check() {
    within chroot --userspec=65532:65532 "$work/run" "$lib/node" "$lib/maglevc/maglevc.cjs" show version
}
check || fail 'the health check fails beside a daemon that runs'
say 'SIGTERM'
kill -TERM "$pid"
for _ in $(seq 50); do [ -d "/proc/$pid" ] || break; sleep 0.1; done
[ ! -d "/proc/$pid" ] || fail 'it goes on'
wait "$pid" || fail "it ended with $?"
pid=
say 'ok'
