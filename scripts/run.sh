#!/usr/bin/env bash
# Opens the desktop on the demo workflow. Without a display it starts a hub that prints its address.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}/release

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    scripts/build.sh countersign-desktop
    COUNTERSIGN_DEMO=1 exec "$target/countersign-desktop"
else
    scripts/build.sh countersign-cli
    exec "$target/countersign" hub --demo --print-token
fi
