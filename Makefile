# Bare `make` lists what one can do. Everything sets itself up; Python 3.11 with venv and pip is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo run test lint types unit test-all bench lock clean

help:  ## list what one can do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Sovgate needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3"; exit 1; }
	@echo "setting up $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

setup: $(READY)  ## make the virtual environment

demo: setup  ## an ERP, the gateway and a CRM: shows and checks what crosses
	@$(BIN)/python examples/orders/demo.py

run: setup  ## leave the example running, with curl commands to try
	@$(BIN)/python examples/orders/run.py

test: setup lint types unit  ## all checks that need Python packages only

lint: setup  ## ruff's rules, and the layers of the house
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/lint-imports --no-cache

types: setup  ## mypy, strict
	@$(BIN)/mypy

unit: setup  ## the tests
	@$(BIN)/python -m pytest -n auto -m "not heavy" -q

search: setup  ## the laws once more, with other examples than those of `make test`
	@SOVGATE_EXAMPLES=search $(BIN)/python -m pytest -n auto -m "not heavy" -q

test-all: setup  ## adds what needs real servers and packages from elsewhere; names what is missing
	@bash tests/heavy/run.sh $(BIN)/python

bench: setup  ## measure, side by side with peers, in one run
	@$(BIN)/python bench/run.py

lock: setup  ## resolve the dependencies anew, with hashes
	@$(BIN)/python -m pip install --quiet pip-tools
	@$(BIN)/pip-compile --quiet --upgrade --strip-extras --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -o requirements/run.txt pyproject.toml
	@$(BIN)/pip-compile --quiet --upgrade --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links --no-header --extra dev -o requirements/dev.txt pyproject.toml

clean:  ## remove what was made
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
