# Two commands on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: demo test check lint notebooks clean

demo: $(VENV)/.installed  ## Train the demo on the embedded corpus and watch it in the explorer.
	$(BIN)/strnn-viz train demo --watch

# Browsers need both cores of a small machine, and come one after the other.
test: $(VENV)/.tested-with chromium  ## Run all tests.
	$(BIN)/python -m pytest -m 'not browser' --numprocesses auto --maxprocesses 4 --dist loadfile
	$(BIN)/python -m pytest -m browser

lint: $(VENV)/.linted-with  ## Style, types and import rules.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:  ## Remove the environment; runs are kept.
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, and this is " + sys.version.split()[0] + ". Name another with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) --upgrade 'pip>=25.1'
	$(PIP) --editable '.[dashboard]'
	touch $@

$(VENV)/.tested-with: $(VENV)/.installed
	$(PIP) --group test
	touch $@

$(VENV)/.linted-with: $(VENV)/.tested-with
	$(PIP) --group lint
	touch $@

# The browser tests drive Debian's Chromium; elsewhere they are skipped unless a `chromium` is on the path.
.PHONY: chromium
chromium:
	@if ! command -v chromium >/dev/null && command -v apt-get >/dev/null; then \
	    if [ "$$(id -u)" = 0 ]; then sudo=; elif sudo -n true 2>/dev/null; then sudo=sudo; else sudo=no; fi; \
	    if [ "$$sudo" = no ]; then echo "Chromium is not installed: the browser tests will be skipped."; else \
	        $$sudo apt-get update -q >/dev/null && \
	        DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -q -y --no-install-recommends chromium fonts-dejavu-core >/dev/null \
	        || echo "Chromium could not be installed: the browser tests will be skipped."; fi; fi
