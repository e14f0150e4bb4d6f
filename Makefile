# make explore   sets everything up and lets an agent live in the grid world (no key, no server)
# make test      sets everything up and runs the tests
# make lint      ruff, mypy --strict, import-linter
# make benchmark every figure the README quotes, as JSON in benchmarks/results/

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: explore test lint benchmark clean
.DELETE_ON_ERROR:

explore: $(VENV)/.installed
	@$(BIN)/fieldcraft explore $(ARGS)

test: $(VENV)/.installed-dev
	@$(BIN)/pytest -n 2 --dist worksteal $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

benchmark: $(VENV)/.installed-dev
	@mkdir -p benchmarks/results
	@for file in benchmarks/[a-z]*.py; do \
	  echo "== $$file"; $(BIN)/python $$file | tee benchmarks/results/$$(basename $$file .py).json || exit 1; done

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Fieldcraft needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "Installing Fieldcraft into $(VENV) (about a minute, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml $(VENV)/.installed
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
