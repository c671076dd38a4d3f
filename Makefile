# Two commands are enough: `make run` and `make test`. Needs Python 3.11 or newer; uses uv where it is installed.
VENV ?= .venv
BIN := $(VENV)/bin
CONFIG ?= config.yaml
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
BROWSER := $(VENV)/.browser
WAYBACK := $(VENV)/wayback/bin/wayback
PIP = if command -v uv >/dev/null 2>&1; then \
        uv pip install --quiet --python $(BIN)/python $(1); \
      else $(BIN)/python -m pip install --quiet --disable-pip-version-check $(1); fi
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: run test check demo bench format lock schema
.DELETE_ON_ERROR:

run: $(INSTALLED) ## set everything up, then watch and serve
	@$(BIN)/detainer-watch up --config $(CONFIG)

test: $(INSTALLED_DEV) $(BROWSER) $(WAYBACK) ## all tests
	@$(BIN)/python -m pytest -n 2

check: $(INSTALLED_DEV) $(BROWSER) $(WAYBACK) ## what must be green before a commit
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2

demo: $(INSTALLED) ## a small publisher on loopback, watched; needs no network
	@$(BIN)/detainer-watch demo

bench: $(INSTALLED_DEV) ## measures a round over 1,000 pages, large tables, and every reader beside pdfplumber
	@$(BIN)/python -m benchmarks

format: $(INSTALLED_DEV) ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## resolve the dependencies anew (needs uv)
	$(COMPILE) --upgrade pyproject.toml -o requirements.lock
	$(COMPILE) --upgrade pyproject.toml --extra dev -c requirements.lock -o requirements-dev.lock
	printf 'hatchling>=1.27\neditables>=0.5\n' | $(COMPILE) --upgrade - -o requirements-build.lock

schema: $(INSTALLED) ## write docs/config.schema.json after a change to scraper/config/schema.py
	$(BIN)/detainer-watch config schema > docs/config.schema.json

$(INSTALLED): requirements.lock requirements-build.lock pyproject.toml | $(BIN)/python
	@echo "Installing the locked dependencies into $(VENV) ..."
	@$(call PIP,--require-hashes -r requirements.lock)
	@$(call PIP,--require-hashes -r requirements-build.lock)
	@$(call PIP,--no-deps --no-build-isolation -e .)
	@touch $@

$(INSTALLED_DEV): requirements-dev.lock $(INSTALLED)
	@echo "Installing the tools for tests ..."
	@$(call PIP,--require-hashes -r requirements-dev.lock)
	@touch $@

$(BIN)/python:
	@if command -v uv >/dev/null 2>&1; then exec uv venv --quiet --python '>=3.11' $(VENV); fi; \
	for name in python3 python3.13 python3.12 python3.11; do \
	  if command -v $$name >/dev/null 2>&1 && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then found=$$name; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Detainer Watch needs Python 3.11 or newer, and none is on the PATH (python3 is $$(python3 -V 2>&1 || echo missing))." >&2; \
	  echo "Debian, Ubuntu: apt-get install python3 python3-venv.  macOS: brew install python@3.13." >&2; exit 1; \
	fi; \
	$$found -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$$found cannot make virtual environments here. Debian, Ubuntu: apt-get install python3-venv." >&2; exit 1; }; \
	$$found -m venv $(VENV)

# The browser tests take a Chromium that is on the PATH; else one is installed, by apt-get or by Playwright.
$(BROWSER): | $(INSTALLED_DEV)
	@if command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; then :; \
	elif command -v apt-get >/dev/null 2>&1 && { [ "$$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then \
	  echo "Installing Chromium for the browser tests ..."; sudo=; [ "$$(id -u)" = 0 ] || sudo="sudo -n"; \
	  $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; \
	else echo "Installing Chromium for the browser tests ..."; $(BIN)/playwright install chromium; fi \
	&& touch $@ || { echo "No Chromium could be installed; the browser tests need one on the PATH." >&2; [ -z "$$CI" ]; }

# The web archive (pywb) that backfill is tested against; in an environment of its own, for its dependencies are old.
$(WAYBACK): tests/wayback.txt | $(INSTALLED_DEV)
	@echo "Installing a web archive for the tests ..."
	@rm -rf $(VENV)/wayback; { if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --python $(BIN)/python $(VENV)/wayback && \
	  uv pip install --quiet --python $(VENV)/wayback/bin/python --require-hashes -r tests/wayback.txt; \
	else $(BIN)/python -m venv $(VENV)/wayback && \
	  $(VENV)/wayback/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/wayback.txt; fi \
	&& touch $@; } || { echo "No web archive could be installed; the tests of backfill are left out." >&2; rm -rf $(VENV)/wayback; [ -z "$$CI" ]; }
