#!/usr/bin/env bash
# Runs a command on a display and a session bus of its own: scripts/headless.sh COMMAND…
set -euo pipefail

# The server itself picks a display that is free, and says which.
coproc display { exec Xvfb -displayfd 1 -screen 0 1920x1080x24 -nolisten tcp 2>/dev/null; }
trap 'kill "$display_PID" 2>/dev/null || true' EXIT
if ! read -r -t 20 number <&"${display[0]}"; then
    echo "error: Xvfb did not start" >&2
    exit 3
fi
unset WAYLAND_DISPLAY
# No service of the desktop around it may be slow, missing or left behind.
DISPLAY=:$number NO_AT_BRIDGE=1 dbus-run-session --config-file="${0%/*}/session-bus.conf" -- "$@"
