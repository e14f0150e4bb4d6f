# `make help` lists the targets.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
JOBS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1); echo $$((n < 7 ? n + 2 : 8)))
NODE_FOLDERS := envs/minecraft/bridge envs/minecraft/viewer tests/envs/minecraft/server

.PHONY: help explore check test lint style types layers install docs benchmark hooks torch node-packages sdist clean
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

explore: $(VENV)/.installed ## set everything up, then let an agent explore the grid world (no key, no server)
	@$(BIN)/fieldcraft explore $(ARGS)

check: lint ## lint, types, import layers and the fast tests: before each commit
	@$(BIN)/pytest -n $(JOBS) --dist worksteal -q -m "not slow" $(ARGS)

test: $(VENV)/.installed-dev ## set everything up, then run all tests
	@$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: style types layers ## ruff, mypy --strict, import-linter

style: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

layers: $(VENV)/.installed-dev
	$(BIN)/lint-imports

install: $(VENV)/.installed-dev ## set everything up for work on Fieldcraft itself

docs: $(VENV)/.installed-dev ## build the documentation into site/, with links checked
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "site/index.html"

benchmark: $(VENV)/.installed-dev ## every figure that the README quotes, as JSON in benchmarks/results/
	@mkdir -p benchmarks/results
	@for file in benchmarks/[a-z]*.py; do \
	  echo "== $$file"; $(BIN)/python $$file | tee benchmarks/results/$$(basename $$file .py).json || exit 1; done

hooks: $(VENV)/.installed-dev ## run the linters at each `git commit`
	@$(BIN)/pre-commit install

torch: $(VENV)/.installed-dev ## install what the tests of Toolformer need
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[toolformer]'

node-packages: ## install what the tests of Minecraft need (Node.js 20 or newer)
	@for folder in $(NODE_FOLDERS); do \
	  (cd $$folder && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) || exit 1; done

sdist: $(VENV)/.installed-dev ## build the source distribution and the wheel into dist/
	@$(BIN)/python -m build

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Fieldcraft needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "Installing Fieldcraft into $(VENV) (about a minute, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	@echo "Installing Fieldcraft and what the tests need into $(VENV) (some minutes, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,docs]'
	@touch $(VENV)/.installed $@

clean: ## remove the virtual environment, builds and caches
	rm -rf $(VENV) build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache
