#!/usr/bin/env bash
# The figures that are promised: the hub's own, then from a key to the next draft on screen.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh test
scripts/package.sh
scripts/build.sh countersign-cli countersign-desktop countersign-tests
cargo build --release --package countersign-desktop --example empty
# A figure that falls short in one table is no reason not to print the other.
short=0
"${CARGO_TARGET_DIR:-target}/release/bench" || short=1
scripts/headless.sh node tests/desktop/bench.mjs || short=1
exit $short
