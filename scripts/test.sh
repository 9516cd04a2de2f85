#!/usr/bin/env bash
# Everything that must hold. A line a step with its seconds; a step that fails shows its output.
set -euo pipefail
cd "$(dirname "$0")/.."
export NO_COLOR=1 CARGO_TERM_COLOR=never
logs=test-results/logs
passed=0 failed=0
mkdir -p "$logs"

# Adds up what the suites themselves say: cargo test, nextest, vitest, node.
count() {
    awk '
        /^test result: / { passed += $4; failed += $6 }
        / tests? run: / || /^ +Tests +[0-9]/ {
            for (i = 2; i <= NF; i++) {
                if ($i ~ /^passed/) passed += $(i - 1)
                if ($i ~ /^failed/) failed += $(i - 1)
            }
        }
        /^(ℹ|#) pass / { passed += $3 }
        /^(ℹ|#) (fail|cancelled) / { failed += $3 }
        END { print passed + 0, failed + 0 }' "$1"
}

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}

# step NAME COMMAND…: a step that fails without a failed test of its own counts as one.
step() {
    local name=$1 log="$logs/${1// /-}.log" began=$SECONDS outcome=ok p f
    shift
    "$@" >"$log" 2>&1 </dev/null || outcome=FAILED
    read -r p f < <(count "$log")
    if [ $outcome = FAILED ] && [ "$f" = 0 ]; then f=1; fi
    passed=$((passed + p)) failed=$((failed + f))
    printf '%-7s %-28s %4d s\n' $outcome "$name" $((SECONDS - began))
    if [ $outcome = FAILED ]; then
        sed 's/^/    /' "$log" | tail -n 200
        return 1
    fi
}

step "setup" scripts/setup.sh test || finish
step "rust format" cargo fmt --all --check || true
step "console lint" npm --prefix ui run --silent lint || true
step "console tests" npm --prefix ui run --silent test || true
# The hub and the desktop carry the built console inside them: it comes before cargo.
step "console build" npm --prefix ui run --silent build || finish
# One build for all that follows: the same packages, targets and features each time. Clippy's driver compiles as the
# compiler does and lints on the way; `cargo clippy` would compile every dependency a second time.
RUSTC_WORKSPACE_WRAPPER=$(rustup which clippy-driver 2>/dev/null || echo clippy-driver)
export RUSTC_WORKSPACE_WRAPPER CLIPPY_ARGS=-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__
step "rust lint and build" cargo build --workspace --all-targets --quiet || finish
if cargo nextest --version >/dev/null 2>&1; then
    step "rust tests" cargo nextest run --workspace --no-fail-fast || true
else
    step "rust tests" cargo test --workspace --no-fail-fast --quiet || true
fi
step "browser tests" node --test --test-reporter=spec tests/browser/*.test.mjs || true
step "flag client tests" node --test --test-reporter=spec tests/flags/*.test.mjs || true
step "desktop tests" scripts/headless.sh node --test --test-reporter=spec --test-concurrency=1 tests/desktop/*.test.mjs || true
finish
