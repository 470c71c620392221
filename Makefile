# Heimdallr — `make` alone says what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export HEIMDALLR_TEST_DATA ?= $(abspath ../shared/data)

.PHONY: help setup demo test test-slow lint format bench weights clean

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

setup: $(STAMP) ## Create .venv and install Heimdallr with the versions of constraints.txt

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip setuptools -c constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP) ## Start the whole system, send it three synthetic patients, compare with the known truth
	$(BIN)/heimdallr demo --output demo

test: $(STAMP) ## Lint, type-check, every test but those that take minutes; what needs an absent program is skipped
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-slow: $(STAMP) ## The tests that take minutes: the whole system, killed at random
	$(BIN)/python -m pytest -m slow -s

lint: $(STAMP) ## ruff, mypy --strict and the folder-order contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## Let ruff put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## Measure the claims of the README, peers in the same run
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

weights: $(STAMP) ## Train the bundled networks anew (hours; resumes where it stopped)
	$(BIN)/python tools/train/main.py

clean: ## Remove what the demo made (never your data)
	rm -rf demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
