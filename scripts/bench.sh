#!/usr/bin/env bash
# The figures that are promised: the hub's own, then from a key to the next draft on screen.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh test
scripts/build.sh countersign-cli countersign-desktop countersign-tests
cargo build --release --package countersign-desktop --example empty
"${CARGO_TARGET_DIR:-target}/release/bench"
scripts/headless.sh node tests/desktop/bench.mjs
