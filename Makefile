# Heimdallr — `make` alone says what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export HEIMDALLR_TEST_DATA ?= $(abspath ../shared/data)

DASHBOARD := src/heimdallr/web/static/dashboard/index.html

.PHONY: help setup dashboard wheel wheelhouse deb demo test test-slow test-install lint lint-python lint-dashboard format bench weights clean

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(STAMP) $(DASHBOARD) ## Create .venv, install Heimdallr with the versions of constraints.txt, build the dashboard

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip setuptools -c constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

frontend/node_modules/.installed: frontend/package.json frontend/package-lock.json $(STAMP)
	cd frontend && ./with-node npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

$(DASHBOARD): frontend/node_modules/.installed $(shell find frontend src/heimdallr/domain/words -type f -not -path '*/node_modules/*')
	cd frontend && ./with-node npm run --silent build
	@touch $@

dashboard: $(DASHBOARD) ## Build the dashboard into the package

wheel: $(STAMP) $(DASHBOARD) ## Build dist/heimdallr-….whl, dashboard and all
	rm -rf build dist/heimdallr-*.whl # neither files nor versions of before
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

wheelhouse: wheel ## Fetch into dist/wheelhouse what Heimdallr needs, for machines without internet
	rm -rf dist/wheelhouse
	$(BIN)/python -m pip wheel --quiet -c constraints.txt --wheel-dir dist/wheelhouse "$$(echo dist/heimdallr-*.whl)[s3]"
	rm dist/wheelhouse/heimdallr-*.whl

deb: wheelhouse ## Build dist/heimdallr_….deb, the wheels of dist/wheelhouse in it
	deploy/debian/build.sh $(BIN)/python

demo: $(STAMP) $(DASHBOARD) ## Start the whole system, send it three synthetic patients, compare with the known truth, send the results to Orthanc
	$(BIN)/heimdallr demo --output demo

test: $(STAMP) $(DASHBOARD) ## Lint, type-check, every test but those that take minutes; what needs an absent program is skipped
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

test-slow: $(STAMP) $(DASHBOARD) ## The tests that take minutes: the whole system, killed at random
	$(BIN)/python -m pytest -m slow -s

test-install: deb ## What `make deb` made, and the Containerfile's steps, in a Debian of their own (root, debootstrap)
	$(BIN)/python -m pytest -m slow -s tests/system/test_install_in_a_fresh_debian.py

lint: $(STAMP) frontend/node_modules/.installed ## ruff, mypy --strict, the folder-order contracts; ESLint, tsc and Vitest of the dashboard
	$(MAKE) --no-print-directory --output-sync=target -j 2 lint-python lint-dashboard

lint-python: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lint-dashboard: $(STAMP) frontend/node_modules/.installed
	$(BIN)/python tools/openapi.py frontend/openapi.json
	cd frontend && ./with-node npm run --silent check

format: $(STAMP) frontend/node_modules/.installed ## Let ruff and Prettier put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd frontend && ./with-node npm run --silent format

bench: $(STAMP) ## Measure the claims of the README, peers in the same run
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

weights: $(STAMP) ## Train the bundled networks anew (hours; resumes where it stopped)
	$(BIN)/python tools/train/main.py

clean: ## Remove what the demo made (never your data)
	rm -rf demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
