# `make` lists the targets. Everything runs in .venv, made from the pinned requirements.

PYTHON ?= $(shell python3.11 -c "" 2>/dev/null && echo python3.11 || echo python3)
PY := .venv/bin/python
STAMP := .venv/installed

.DEFAULT_GOAL := help
.PHONY: help env demo serve watch-patch test test-strict bench crash-test lint-corpus coverage format wheel requirements
.PHONY: clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(STAMP)  ## make .venv with everything in it

$(STAMP): requirements.txt requirements-demo.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" \
		|| { echo "Python 3.11 or later is needed: make env PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Making .venv (about half a minute)"
	@$(PYTHON) -m venv .venv \
		|| { echo "$(PYTHON) cannot make environments (on Debian: apt-get install python3-venv)"; exit 1; }
	@$(PY) -m pip install --quiet --require-hashes -r requirements.txt
	@$(PY) -m pip install --quiet --require-hashes --no-deps --no-build-isolation -r requirements-demo.txt
	@touch $@

demo: $(STAMP)  ## patch, interrupt, resume and undo real data on SQLite
	@$(PY) -m project.demo

serve: $(STAMP)  ## serve the example project at http://127.0.0.1:8000, to watch runs in a browser
	@$(PY) -m project.serve

watch-patch: $(STAMP)  ## run a patch slowly, or undo it, beside `make serve`
	@$(PY) -m project.serve --watch

test: $(STAMP)  ## format, lint, types, layers, tests on SQLite and PostgreSQL
	@$(PY) -m tools.run_tests

test-strict: $(STAMP)  ## the same, and fail if PostgreSQL or a browser is missing
	@$(PY) -m tools.run_tests --strict

crash-test: $(STAMP)  ## kill runs and servers at random moments, many times (long)
	@$(PY) -m tools.run_tests --crash --strict

bench: $(STAMP)  ## measure pairs against PostgreSQL and SQLite: table, plot, JSON
	@$(PY) -m benchmarks

lint-corpus: $(STAMP)  ## lint known projects, beside the linters of others: the findings are those in docs (long)
	@$(PY) -m benchmarks.lint_corpus .corpus --check
	@$(PY) -m benchmarks.lint_peers .corpus

coverage: $(STAMP)  ## which lines the tests on SQLite reach
	@$(PY) -m coverage erase
	@$(PY) -m coverage run -m pytest --numprocesses=2 --quiet
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report

format: $(STAMP)  ## format the code and fix what can be fixed
	@$(PY) -m ruff check --fix --exit-zero --quiet .
	@$(PY) -m ruff format .

wheel: $(STAMP)  ## build the wheel into dist/
	@rm -rf build
	@$(PY) -m build --wheel --no-isolation

requirements: $(STAMP)  ## pin the newest versions in requirements.txt and requirements-demo.txt
	@$(PY) -m pip install --quiet uv
	@.venv/bin/uv pip compile $(PINNED) requirements.in --output-file requirements.txt
	@.venv/bin/uv pip compile $(PINNED) --no-deps requirements-demo.in --output-file requirements-demo.txt

PINNED = --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
	--no-emit-index-url --no-annotate --custom-compile-command "make requirements"

clean:  ## remove the environments and everything built
	rm -rf .venv .venv-* .demo .corpus build dist *.egg-info htmlcov .coverage .coverage.* \
		.mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
