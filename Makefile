# Everything a contributor types. `make` alone lists it.
#
# The tools live in a virtual environment of the project's own, made from the lock file on first use and made again
# only when the lock changes; a changed pyproject.toml only installs the project again.
#
#   make test ARGS="-k excursions -x"        ARGS goes to pytest, the demo or the bench
#   make demo ARGS="--for 90s --no-browser"
#   make test PYTHON=python3.13              another interpreter (after `make clean`)

.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: help demo test test-slow test-long bench lint docs lock clean

SHELL := /bin/sh
.SHELLFLAGS := -euc
VENV := .venv
RUN := $(VENV)/bin/python -m
ARGS ?=
# The first of these that is new enough makes the environment.
PYTHON ?= python3 python3.13 python3.12 python3.11

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.installed  ## watch a simulated laboratory: one process, no servers needed; Ctrl-C ends it
	@$(RUN) monitor demo $(ARGS)

# The tests run beside one another, one process a core, each file in one of them. ARGS="-n 0" runs them in this one,
# as a debugger needs it.
BESIDE_ONE_ANOTHER := --numprocesses=auto --dist=loadfile --durations=20 --durations-min=2
test: lint  ## lint, then all quick tests: before and after each change; 8 minutes on two cores
	$(RUN) pytest $(BESIDE_ONE_ANOTHER) -m "not slow" $(ARGS)

test-slow: $(VENV)/.installed  ## all other tests: scenarios, kill -9, the browser, whatever takes long
	$(RUN) pytest $(BESIDE_ONE_ANOTHER) -m slow $(ARGS)

# How many histories of each kind; those in the environment come first: `LOT_HISTORIES=500 make test-long`.
LONG := tests/property/channel/test_excursions.py tests/property/lot/test_lots_agree.py \
	tests/property/channel/test_arrival.py tests/property/lot/test_lot_arrival.py
HISTORIES_TO ?= 20000
LOT_HISTORIES ?= 20000
ARRIVALS_TO ?= 1000
LOT_ARRIVALS_TO ?= 300
test-long: export HISTORIES_TO := $(HISTORIES_TO)
test-long: export LOT_HISTORIES := $(LOT_HISTORIES)
test-long: export ARRIVALS_TO := $(ARRIVALS_TO)
test-long: export LOT_ARRIVALS_TO := $(LOT_ARRIVALS_TO)
test-long: $(VENV)/.installed  ## by hand: the random histories, by the thousand: an hour or more
	$(RUN) pytest --quiet $(LONG) $(ARGS)

bench: $(VENV)/.installed  ## messages per second, beside mosquitto_sub and a plain script (needs mosquitto)
	@$(RUN) monitor bench $(ARGS)

lint: $(VENV)/.installed  ## ruff (lint and format) and mypy --strict
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy

docs: $(VENV)/.installed  ## write again what is made from the code: CONTRIBUTING.md's table, docs/alarms.md, docs/json.md
	$(RUN) tests.rooms
	$(RUN) monitor docs alarms --out docs/alarms.md
	$(RUN) monitor docs json --out docs/json.md
	$(RUN) monitor docs json --schema --out docs/json.schema.json

lock:  ## renew requirements/lock.txt with the newest versions that work together (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv. Install it: python3 -m pip install --user uv" >&2; exit 1; }
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml -o requirements/lock.txt

clean:  ## remove the environment and caches; stores and recordings stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis build *.egg-info

# Made anew, so that what left the lock leaves the environment too. The stamp comes last: half an environment counts
# as none.
$(VENV)/.locked: requirements/lock.txt
	@found=; for each in $(PYTHON); do \
		if $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$each; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "make: no Python 3.11 or newer (looked for: $(PYTHON))." >&2; \
		echo "Install it: sudo apt-get install python3 python3-venv     (Debian 12, Ubuntu 24.04 or newer)" >&2; \
		exit 1; \
	fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
		version=$$($$found -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "make: $$found lacks its venv module, which Debian packs apart." >&2; \
		echo "Install it: sudo apt-get install python$$version-venv" >&2; \
		exit 1; \
	fi; \
	echo "Making $(VENV) with $$found: a minute or two, once." >&2; \
	$$found -m venv --clear $(VENV)
	@$(RUN) pip install --quiet --disable-pip-version-check --require-hashes -r requirements/lock.txt
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.locked
	@$(RUN) pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
