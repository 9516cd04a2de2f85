#!/usr/bin/env bash
# The console, then the named Rust packages, in release: scripts/build.sh PACKAGE…
set -euo pipefail
cd "$(dirname "$0")/.."

case " $* " in
    *" countersign-desktop "*) scripts/setup.sh run ;;
    *) scripts/setup.sh browser ;;
esac
# The hub and the desktop carry the built console inside them, and are compiled anew whenever it is.
built=ui/dist/index.html
if [ ! -e $built ] || [ -n "$(find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -newer $built -print -quit)" ]; then
    npm --prefix ui run --silent build -- --logLevel warn
fi
# shellcheck disable=SC2046 # one argument a package is what is wanted
cargo build --release $(printf -- '--package %s ' "$@")
