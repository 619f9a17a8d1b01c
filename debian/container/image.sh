#!/bin/sh
# Puts together the file system of the container image in FOLDER: the staged tree, the libraries that its Node.js is
# linked to, CA certificates, one user. Runs in a Debian that has gcc, libcap2-bin, libatomic1 and ca-certificates.
# Usage: image.sh FOLDER   (FOLDER holds what debian/scripts/stage.ts made)
set -eu
here=$(dirname "$(readlink -f "$0")")
folder=$1
lib=$folder/usr/lib/vpp-maglev

gcc -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -static -s -o "$lib/launch" "$here/launch.c"
chmod 755 "$lib/launch"
# Without +e: a capability that was not granted must not keep the program from running.
setcap cap_net_raw,cap_sys_admin+p "$lib/launch"

ldd "$lib/node" | awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }' | while read -r file; do
    mkdir -p "$folder$(dirname "$file")"
    cp -L "$file" "$folder$file"
done
# Node resolves names by the C library, which loads these when it is asked.
for name in libnss_files.so.2 libnss_dns.so.2 libresolv.so.2; do
    for file in /lib/*/"$name"; do [ -e "$file" ] && cp -L "$file" "$folder$file"; done
done
mkdir -p "$folder/etc/ssl/certs" "$folder/etc/vpp-maglev" "$folder/var/lib/vpp-maglev" "$folder/run" "$folder/tmp"
cp -L /etc/ssl/certs/ca-certificates.crt "$folder/etc/ssl/certs/"
printf 'hosts: files dns\n' > "$folder/etc/nsswitch.conf"
# An engine puts its own over it.
printf '127.0.0.1 localhost\n::1 localhost\n' > "$folder/etc/hosts"
printf 'root:x:0:0::/:/none\nmaglevd:x:65532:65532::/:/none\n' > "$folder/etc/passwd"
printf 'root:x:0:\nmaglevd:x:65532:\n' > "$folder/etc/group"
cp "$folder/usr/share/vpp-maglev/maglev.yaml" "$folder/etc/vpp-maglev/maglev.yaml"
chown 65532:65532 "$folder/var/lib/vpp-maglev"
chmod 1777 "$folder/tmp"
# Launchers for a shell, which is not there.
rm -rf "$folder/usr/sbin" "$folder/usr/bin"
