#!/usr/bin/env bash
# A .deb and an .rpm of the desktop, in target/release/bundle.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh package
scripts/build.sh countersign-desktop
cd src-tauri
NO_COLOR=1 npm exec --yes --package=@tauri-apps/cli@2.12.5 -- tauri bundle --bundles deb,rpm
cd ..
find "${CARGO_TARGET_DIR:-target}/release/bundle" -name '*.deb' -o -name '*.rpm' | while read -r file; do
    printf '%s  %s\n' "$(du -h "$file" | cut -f1)" "$file"
done
