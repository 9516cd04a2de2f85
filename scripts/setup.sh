#!/usr/bin/env bash
# Installs what is missing: scripts/setup.sh browser|run|package|test. Says nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-test}

packages=()
case $purpose in
    browser) ;;
    run) packages+=(build-essential pkg-config libwebkit2gtk-4.1-dev libayatana-appindicator3-1) ;;
    # The bundler asks the development files for the tray's library, to depend on the right one.
    package) packages+=(build-essential pkg-config libwebkit2gtk-4.1-dev libayatana-appindicator3-dev) ;;
    test)
        packages+=(build-essential pkg-config libwebkit2gtk-4.1-dev libayatana-appindicator3-1)
        packages+=(webkit2gtk-driver xvfb xauth xdotool dbus-bin dbus-x11 libglib2.0-bin gnome-keyring)
        packages+=(chromium postgresql python3-venv)
        ;;
    *)
        echo "usage: scripts/setup.sh browser|run|package|test" >&2
        exit 2
        ;;
esac

for tool in cargo node npm; do
    if ! command -v "$tool" >/dev/null; then
        echo "error: $tool is not installed" >&2
        echo "hint: Countersign needs Rust 1.90 (with rustup) and Node 20.19 or newer" >&2
        exit 3
    fi
done

missing=()
if command -v dpkg-query >/dev/null; then
    for package in "${packages[@]}"; do
        status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$status" = installed ] || missing+=("$package")
    done
elif [ ${#packages[@]} -gt 0 ]; then
    echo "hint: not a Debian system; the equivalents of these must be there: ${packages[*]}" >&2
fi
if [ ${#missing[@]} -gt 0 ]; then
    echo "installing ${missing[*]}"
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get -qq update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install --yes --no-install-recommends "${missing[@]}" >/dev/null
fi

# npm trusts the authorities that the system trusts.
system_ca=/etc/ssl/certs/ca-certificates.crt
if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -r $system_ca ]; then export NODE_EXTRA_CA_CERTS=$system_ca; fi

# The lock file that was installed is kept beside the modules, to see whether they are still the right ones.
install_modules() {
    if ! cmp -s "$1/package-lock.json" "$1/node_modules/.installed-lock.json"; then
        echo "installing the modules of $1"
        npm --prefix "$1" ci --loglevel=error --prefer-offline --no-audit --no-fund
        cp "$1/package-lock.json" "$1/node_modules/.installed-lock.json"
    fi
}
install_modules ui

if [ "$purpose" = test ]; then
    install_modules tests/browser
    install_modules tests/flags
    tools=${XDG_CACHE_HOME:-$HOME/.cache}/countersign
    if [ ! -x "$tools/bin/tauri-driver" ]; then
        echo "installing tauri-driver"
        cargo install tauri-driver --version '^2' --locked --quiet --root "$tools"
    fi
    # Made anew when what it should hold has changed.
    wanted=tests/flags/requirements.txt made=$tools/flag-clients
    if ! cmp -s "$wanted" "$made/requirements.txt"; then
        echo "installing the Python flag client"
        python3 -m venv --clear "$made"
        "$made/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted"
        cp "$wanted" "$made/requirements.txt"
    fi
fi
