# Two virtual environments: one runs the sources as plain Python, one with the hot modules compiled. What is compiled is tested in both.
PYTHON ?= python3
VENVS ?= .
PURE := $(VENVS)/.venv-pure
COMPILED := $(VENVS)/.venv-compiled
SOURCES := $(shell find imagetools fetchers builders -name '*.py') pyproject.toml setup.py compiled.txt
# One more than there are processors: some tests wait for servers, for the disk, or for what they have killed.
WORKERS ?= $(shell expr $$(nproc) + 1)
# A file of tests is one worker's: what its tests share is made once. In their order, so that the small ones of tests/unit come last.
PYTEST := bin/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -q

.PHONY: check lint types fix test test-pure test-compiled oracle bench docs clean

check: lint types test  ## what CI runs

lint: $(PURE)/.made
	$(PURE)/bin/ruff format --check .
	$(PURE)/bin/ruff check .

types: $(PURE)/.made
	$(PURE)/bin/mypy

fix: $(PURE)/.made
	$(PURE)/bin/ruff format .
	$(PURE)/bin/ruff check --fix .

test: test-pure test-compiled

test-pure: $(PURE)/.made
	$(PURE)/bin/python -m compileall -q -j 0 imagetools fetchers builders  # the tests start thousands of processes
	PYTHONDONTWRITEBYTECODE= IMAGETOOLS_EXPECT_MODE=pure $(PURE)/$(PYTEST)

test-compiled: $(COMPILED)/.made
	PYTHONDONTWRITEBYTECODE= IMAGETOOLS_EXPECT_MODE=compiled $(COMPILED)/$(PYTEST) -m both_forms  # what is compiled; the rest ran as plain Python

oracle: $(PURE)/.made  ## only the comparisons with the real programs
	IMAGETOOLS_REQUIRE_PEERS=1 $(PURE)/$(PYTEST) -m oracle

bench: $(COMPILED)/.made  ## ratios to the peers, printed as tables; NAMES="image nar" for some of them
	rm -rf $(VENVS)/.bench && mkdir $(VENVS)/.bench && ln -s $(CURDIR)/bench $(CURDIR)/tests $(VENVS)/.bench
	cd $(VENVS)/.bench && $(abspath $(COMPILED))/bin/python -m bench $(NAMES)  # not here, where the sources would be imported

$(PURE)/.made: pyproject.toml setup.py
	$(PYTHON) -m venv $(PURE)
	IMAGETOOLS_PURE=1 $(PURE)/bin/pip install -q -e '.[dev]'
	touch $@

$(COMPILED)/.made: $(SOURCES)
	$(PYTHON) -m venv $(COMPILED)
	$(COMPILED)/bin/pip install -q --force-reinstall --no-deps .
	$(COMPILED)/bin/pip install -q '.[test]'
	touch $@

docs:  ## the builtins' part of docs/language.md, from the docstrings
	$(PYTHON) docs/language_page.py

clean:
	rm -rf $(PURE) $(COMPILED) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
