# make demo    train, compile, run on the emulated board and on the Verilated core, compare bit for bit
# make test    style, types, and all tests
# make help    the other targets
#
# The first run installs what it needs: system packages through apt when they are missing and you may install them,
# Python packages into .venv. Later runs find everything in place.

SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# A Python that lutdla is tested with, and that can make virtual environments; python3 if there is none.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.10; do \
	$$p -c 'import venv, ensurepip' 2>/dev/null && echo $$p && exit; done; echo python3)
VENV := .venv
BIN := $(VENV)/bin
OLD_PYNQ := 3.1.2
# Two processes use two cores better than two threads in each; torch on small layers is fastest with one.
JOBS ?= 2
export OMP_NUM_THREADS := 1
# Tools that tools start (Verilator's makefile calls `python`) come from .venv too.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHON VENV

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: install
install: ## everything that demo and tests need; quick when it is in place
	@scripts/install-system
	@scripts/install-python

.PHONY: demo
demo: install ## the main job: `lutdla demo`; options go into ARGS="--json FILE"
	@$(BIN)/lutdla demo $(ARGS)

.PHONY: test
test: lint pytest pytest-old-pynq ## everything that must hold: what CI runs

.PHONY: lint
lint: install ## style (ruff) and types (mypy)
	$(BIN)/ruff check .
	$(BIN)/mypy

.PHONY: pytest
pytest: install ## the tests; options go into ARGS="-k name"
	$(BIN)/pytest -n $(JOBS) --dist loadfile $(ARGS)

.PHONY: pytest-old-pynq
pytest-old-pynq: install ## the pynq tests again, with the pynq of Zynq-7000 images
	PYTHONPATH=$(CURDIR)/$(VENV)/pynq-$(OLD_PYNQ) $(BIN)/python -W ignore -c \
		'import pynq, sys; sys.exit(pynq.__version__ != "$(OLD_PYNQ)" and f"pynq is {pynq.__version__}, not $(OLD_PYNQ)")'
	PYTHONPATH=$(CURDIR)/$(VENV)/pynq-$(OLD_PYNQ) $(BIN)/pytest -n $(JOBS) --dist loadfile \
		tests/emulation tests/overlay tests/backends tests/remote \
		-k "emulation or hwh or every_board_is_built or pynq or own_client or over_the_network or board_lock or overlay_files"

.PHONY: speed
speed: install ## measure what users wait for again (some minutes, on an idle machine), and write docs/performance.md
	for name in startup emulator_speed host_overhead compile_growth; do \
		$(BIN)/python -m benchmarks.record $$name python -m benchmarks.$$name || exit 1; done
	$(BIN)/python -m benchmarks.tables

.PHONY: docs
docs: install ## write the generated pages of docs/ and the figures of README.md again
	$(BIN)/python -m lutdla.spec.document --out docs
	$(BIN)/python -m lutdla.data.document --out docs
	$(BIN)/python -m lutdla_overlay.document --out docs
	$(BIN)/python -m benchmarks.tables
	$(BIN)/python docs/site/pictures.py

.PHONY: site
site: install ## the documentation as a site that needs no network, in build/site
	$(BIN)/python docs/site/build.py --out build/site

.PHONY: clean
clean: ## remove what was built; .venv stays
	rm -rf build dist .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis sim_build *.egg-info
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## remove .venv too
	rm -rf $(VENV)
