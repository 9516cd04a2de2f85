#!/usr/bin/env bash
# Installs the .deb on a Debian system that has nothing else, starts the desktop there, and takes it off again.
set -euo pipefail
cd "$(dirname "$0")/.."

package=$(find "${CARGO_TARGET_DIR:-target}/release/bundle" -name '*.deb' -print -quit)
if [ "$(id -u)" != 0 ]; then
    echo "error: a system of its own takes root: sudo make try-package" >&2
    exit 2
fi
command -v debootstrap >/dev/null || apt-get -qq install --yes debootstrap >/dev/null

system=$(mktemp -d /tmp/countersign-debian.XXXXXX)
inside() { chroot "$system" env DEBIAN_FRONTEND=noninteractive HOME=/root LC_ALL=C.UTF-8 "$@"; }
leave() {
    umount --lazy "$system/dev/shm" "$system/dev" "$system/proc" 2>/dev/null || true
    rm -rf --one-file-system "$system"
}
trap leave EXIT

source=$(awk '/^URIs:/ { print $2; exit } /^deb / { for (i = 2; i <= NF; i++) if ($i ~ /^http/) { print $i; exit } }' \
    /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null || true)
echo "a clean Debian 12 in $system"
debootstrap --variant=minbase bookworm "$system" ${source:+"$source"} >/dev/null
for setting in /etc/apt/apt.conf.d /etc/apt/auth.conf.d /usr/local/share/ca-certificates; do
    [ ! -d $setting ] || cp -r $setting/. "$system$setting/" 2>/dev/null || true
done
mount --bind /proc "$system/proc"
mount --bind /dev "$system/dev"
mount -t tmpfs tmpfs "$system/dev/shm"
cp "$package" "$system/tmp/countersign.deb"

inside apt-get -qq update
inside apt-get -qq install --yes --no-install-recommends /tmp/countersign.deb >/dev/null 2>&1
echo "installed: $(inside dpkg-query --show --showformat='${Package} ${Version}' countersign)"
inside apt-get -qq install --yes --no-install-recommends xvfb xauth xdotool dbus-x11 >/dev/null 2>&1

# shellcheck disable=SC2016 # the shell in there is to read these
inside timeout 60 xvfb-run --auto-servernum dbus-run-session -- sh -c '
    COUNTERSIGN_DEMO=1 countersign-desktop & app=$!
    for _ in $(seq 1 150); do
        title=$(xdotool search --onlyvisible --class countersign getwindowname 2>/dev/null | grep -x Countersign) && break
        sleep 0.2
    done
    kill $app; wait $app
    test "$title" = Countersign' 2>/dev/null
echo "started: its window was there, and it ended when asked to"
[ -s "$system/root/.local/share/countersign/hub.db" ] || { echo "error: it kept no database" >&2; exit 1; }

inside apt-get -qq remove --yes countersign >/dev/null 2>&1
left=$(find "$system/usr" -iname '*countersign*')
[ -z "$left" ] || { echo "error: left behind: $left" >&2; exit 1; }
[ -s "$system/root/.local/share/countersign/hub.db" ] || { echo "error: it took the database with it" >&2; exit 1; }
echo "removed: nothing of it is left but what was decided"
