#!/usr/bin/env bash
# The figures that are promised: the hub's own, then from a key to the next draft on screen.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh test
scripts/build.sh countersign-cli countersign-desktop countersign-tests
cargo run --release --package countersign-cli --package countersign-desktop --package countersign-tests --bin bench
scripts/headless.sh node tests/desktop/bench.mjs
