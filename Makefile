# SPDX-License-Identifier: Apache-2.0
# Two commands matter: `make run` and `make test`. Both install what is missing first (tools/setup).
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build web geo run test test-dev test-tsan test-postgres bench soak lint fuzz format clean native

export PATH := $(CURDIR)/build/tools/node_modules/.bin:$(PATH)
JOBS ?= $(shell nproc)
NATIVE := build/release

help: ## this list
	@printf 'CityLoop\n\n'; grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'; \
	printf '\nARGS="…" passes options to run, bench and soak.\n'

setup: ## install what is missing (Debian packages, Node, npm packages)
	@tools/setup

native:
	@cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@ninja -C $(NATIVE) -j$(JOBS) $(NATIVE_TARGETS)

web:
	@tools/build-web

geo:
	@tools/build-geo

build: setup ## build/cityloop with build/packs, build/calendars, build/standards, build/web, build/geo beside it
	@mkdir -p build
	@$(MAKE) --no-print-directory native NATIVE_TARGETS=cityloop
	@$(MAKE) --no-print-directory geo web
	@cp -f $(NATIVE)/src/app/cityloop build/cityloop
	@rm -rf build/packs build/maps build/calendars build/standards && cp -r packs maps calendars standards build/
	@echo "built build/cityloop"

run: build ## build, start the demo city, print its address and logins
	@exec build/cityloop demo $(ARGS)

test: build ## every test: units, stories, simulation, web, end-to-end in Chromium
	@$(MAKE) --no-print-directory native NATIVE_TARGETS=all
	@tools/test

test-dev: setup ## the C++ tests under the address and undefined sanitizers
	@cmake --preset dev >/dev/null && ninja -C build/dev -j$(JOBS) && ctest --preset dev

test-tsan: setup ## the C++ tests under the thread sanitizer
	@cmake --preset tsan >/dev/null && ninja -C build/tsan -j$(JOBS) && ctest --preset tsan

test-postgres: build ## the journal in PostgreSQL: installs Debian's, starts a private server, runs its tests, ends it
	@tools/setup postgresql-15
	@$(MAKE) --no-print-directory native NATIVE_TARGETS=edge_test
	@tools/with-postgres $(NATIVE)/src/edge/edge_test --gtest_filter='*Postgres*'
	@tools/with-postgres node --test --test-concurrency=1 tests/e2e/postgres.mjs

bench: build ## the numbers of docs/numbers.md, peers in the same run
	@tools/setup postgresql-15
	@$(MAKE) --no-print-directory native NATIVE_TARGETS=all
	@bench/run $(ARGS)

soak: build ## slow campaigns: crashes, long simulation
	@$(MAKE) --no-print-directory native NATIVE_TARGETS=all
	@tests/soak $(ARGS)

lint: setup ## clang-format, clang-tidy, tools/tidy, type checks
	@tools/lint

fuzz: setup ## build the fuzz targets and run each for a minute
	@tools/fuzz $(ARGS)

format: ## clang-format over the sources
	@git ls-files '*.h' '*.cc' | xargs clang-format -i

clean: ## remove build/
	@rm -rf build web/dist
