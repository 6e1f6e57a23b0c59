# make demo: install, build a small case, find what is planted in it, write its report
# make test: install, then every check: style, types, imports, tests, the wheel, the core alone
# make test-all: the same with the tests that take long and four times the examples of properties
# make formats: renew the table of formats in docs/formats.md
.PHONY: demo test test-all install lint unit wheel formats bench clean

PYTHON ?= python3
BIN := .venv/bin
CORE := .venv-core/bin
CODE := api posts work case embed index matcher app
FOLDERS := $(shell find $(CODE) -type d -not -name __pycache__)

demo: .venv/core
	$(BIN)/frametrace demo demo

test: lint unit wheel

test-all: lint wheel
	$(BIN)/pytest -n 2 -q -m 'slow or not slow' --hypothesis-profile thorough

install: .venv/tree

# The core alone, which is all that the demo needs.
.venv/core: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -c constraints.txt -e . -C editable_mode=strict
	touch $@

# Everything, with the versions that were tested together.
.venv/packages: .venv/core
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[all,dev]' -C editable_mode=strict
	touch $@

# A strict editable install is a tree of links, which type checkers follow; new files need new links.
.venv/tree: .venv/packages $(FOLDERS)
	$(BIN)/python -m pip install -q --no-deps -e . -C editable_mode=strict
	touch $@

formats: install
	$(BIN)/python tests/formats_page.py

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	for platform in linux darwin win32; do \
		$(BIN)/mypy --platform $$platform --cache-dir .mypy_cache/$$platform -p frametrace || exit 1; \
	done
	$(BIN)/lint-imports

# Whole stories, and faults (kills, full disks, two writers), are tried on the wheel: users have that.
unit: install
	$(BIN)/pytest -n 2 -q --ignore tests/endtoend

# What users install: the wheel with the core dependencies alone, tried through the command line.
wheel: install
	rm -rf dist .venv-core
	$(BIN)/python -m build -q --wheel
	$(PYTHON) -m venv .venv-core
	$(CORE)/python -m pip install -q -c constraints.txt dist/*.whl pytest pytest-xdist
	$(CORE)/python -m pytest -n 2 -q tests/endtoend

bench: install
	$(BIN)/python -m pip install -q -c constraints.txt -r benchmarks/requirements.txt
	for script in benchmarks/bench_*.py benchmarks/copies/bench_*.py benchmarks/framings/bench_*.py; do $(BIN)/python $$script; done

clean:
	rm -rf .venv .venv-core build dist demo *.egg-info
