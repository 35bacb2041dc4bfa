# `make lab` to learn, `make test` to check everything; `make` alone lists the targets.
# Variables: PYTHON, LAB_ARGS, PYTEST_ARGS, JOBS, CLUSTER and ARGS, for example `make lab PYTHON=python3.12`.
PYTHON ?= python3
JOBS ?= 2
PY := .venv/bin/python
INSTALL := $(PY) -m pip install -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help lab test lint notebooks numbers portability loaded nightly seeds sweep mutants bench screenshots

help:  ## this list
	@awk -F ':.*  ## ' '/^[a-z]+:.*  ## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

lab: .venv/installed  ## install what is needed and open your copies of the lessons in JupyterLab
	$(PY) -m course_utils.lesson.desk $(LAB_ARGS)

# Two notebooks at a time with one thread each, not one with two threads: PyTorch's threads wait for
# each other, and on a busy machine the notebooks took seven times as long. `make portability` runs
# them with all threads as well, one at a time. The browser comes last: beside it, what the lessons
# time would be noise.
test: lint  ## lint, unit tests, every notebook's stored output, browser tests
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(PY) -m pytest --nbval -n $(JOBS) -m "not browser" $(PYTEST_ARGS)
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(PY) -m pytest -m browser tests -n $(JOBS) $(PYTEST_ARGS)

lint: .venv/installed-dev  ## ruff: what it checks and how it formats; import-linter: who may use whom
	$(PY) -m ruff check . && $(PY) -m ruff format --check .
	.venv/bin/lint-imports --no-cache

notebooks: .venv/installed-dev  ## make both notebooks of each lesson that changed in solutions/
	$(PY) -m course_utils.authoring $(ARGS)

numbers: .venv/installed-dev  ## the numbers in prose: how many there are, and what binds each
	$(PY) -m course_utils.authoring.numbers

portability: .venv/installed-dev  ## every solved notebook's stored output under other CPU settings
	JOBS=$(JOBS) $(PY) tests/portability.py $(PYTEST_ARGS)

nightly: .venv/installed-dev  ## filters taken out of 2,000 random nets, others each time
	SURGERY_NETS=$${SURGERY_NETS:-2000} $(PY) -m pytest tests/test_random_nets.py $(PYTEST_ARGS)

loaded: .venv/installed-dev  ## every notebook's stored output, five times beside four busy processes
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(PY) tests/loaded.py $(ARGS)

# Killed, it goes on where it stopped.
seeds: .venv/installed-dev  ## every claim again with three other sets of seeds
	$(PY) -m course_utils.authoring.other_seeds $(ARGS)

# Killed, it goes on where it stopped. CLUSTER=tcp://… runs it on the workers of that Dask scheduler.
sweep: .venv/installed-dev  ## what is missing of the long experiments, here or with CLUSTER=tcp://…
	$(PY) -m course_utils.experiments $(if $(CLUSTER),--cluster $(CLUSTER)) $(ARGS)

mutants: .venv/installed-nightly  ## mistakes put into the library, one by one: does a test find each? (many hours)
	OMP_NUM_THREADS=1 $(PY) tests/mutation.py $(ARGS)

bench: .venv/installed-dev  ## on a quiet machine: the claims about time, and how long things take
	$(PY) tests/bench.py $(ARGS)
	test -n "$(ARGS)" || $(PY) tests/bench_browser.py

screenshots: .venv/installed-dev  ## a picture of each lesson as JupyterLab shows it, in build/screenshots/
	$(PY) tests/screenshots.py $(ARGS)

# These two files mark a finished installation; newer versions or dependencies ask for another one.
.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo \
		"Python 3.11 or newer is needed, and $(PYTHON) is not. Try: make lab PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(INSTALL) -e .
	@touch $@

.venv/installed-dev: .venv/installed
	$(INSTALL) -e '.[dev,cluster]'
	@touch $@

.venv/installed-nightly: .venv/installed-dev
	$(INSTALL) -e '.[dev,cluster,nightly]'
	@touch $@
