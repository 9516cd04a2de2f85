# What a person or a machine does with this checkout. Each target is a short script.

.PHONY: run test bench package try-package setup build fmt

run: ## the desktop with the demo workflow; without a display, the hub for a browser
	@scripts/run.sh

test: ## everything that must hold
	@scripts/test.sh

bench: ## the figures that are promised
	@scripts/bench.sh

package: ## a .deb and an .rpm of the desktop
	@scripts/package.sh

try-package: package ## installs the .deb on a clean Debian 12, starts it there, and takes it off again
	@scripts/try-package.sh

setup: ## installs what is missing (Debian 12)
	@scripts/setup.sh test

build: ## the command and the desktop, in release
	@scripts/build.sh countersign-cli countersign-desktop

fmt: ## formats Rust and the console
	cargo fmt
	npm --prefix ui exec -- biome check --write
