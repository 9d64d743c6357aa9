# Goodwill. The two commands: make run, make test.

PYTHON ?= python3
DEMO ?= grocer
ORDERS ?= 20000
VENV := .venv
BIN := $(VENV)/bin
UV := uv==0.13.9

.DEFAULT_GOAL := help
.PHONY: help setup run test unit lint types e2e bench mutants histories faults lock clean

help:  ## list the commands
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# uv installs in seconds; where it cannot reach the registry, pip does the same from the same hashed lock file, which names everything (it does not see
# that a locked package with an extra is locked, so it may not look for more)
define install
	@echo "installing $(1) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r $(1) \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(1)
endef

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else f"Goodwill needs Python 3.11 to 3.13; $(PYTHON) is {v.major}.{v.minor}. Try: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/ready: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(call install,requirements.lock)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/ready-for-tests: requirements-dev.lock $(VENV)/ready
	$(call install,requirements-dev.lock)
	@touch $@

setup: $(VENV)/ready  ## create the environment from the hashed lock file

run: $(VENV)/ready  ## run the night on real data: DEMO=grocer (a supermarket's year), cdnow, or shop (generated)
	@$(BIN)/goodwill demo $(DEMO) homes/$(DEMO)
	@if [ $(DEMO) = shop ] && [ ! -e homes/shop/input/truth.json ]; then $(BIN)/python -m bench.shop --orders $(ORDERS) --seed 7 --out homes/shop/input; fi
	@$(BIN)/goodwill run --home homes/$(DEMO)

DBT := DO_NOT_TRACK=1 $(BIN)/dbt --quiet
DBT_PROJECT := --project-dir dbt_project --profiles-dir dbt_project --target-path target --log-path logs

docs: $(VENV)/ready  ## every model, its columns, tests and lineage as one page: dbt_project/target/static_index.html (each night publishes its own)
	@GOODWILL_WAREHOUSE=dbt_project/target/warehouse.duckdb $(DBT) parse $(DBT_PROJECT)
	@GOODWILL_WAREHOUSE=dbt_project/target/warehouse.duckdb $(DBT) docs generate --static --empty-catalog --no-compile $(DBT_PROJECT)

test: $(VENV)/ready-for-tests lint types unit  ## set up and pass the tests

lint: $(VENV)/ready-for-tests  ## style of Python and SQL
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .

types: $(VENV)/ready-for-tests  ## static types
	@$(BIN)/mypy

unit: $(VENV)/ready-for-tests  ## every test but the servers' (make e2e)
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not e2e" --durations=15

e2e: $(VENV)/ready-for-tests  ## start Airflow's own servers, trigger the night through its API
	@$(BIN)/pytest -m e2e -x

bench: $(VENV)/ready-for-tests  ## a million orders through the whole night: time and memory of each stage
	@$(BIN)/python -m bench.night

mutants: $(VENV)/ready-for-tests  ## ten thousand damaged files: each row accounted for, or the file refused
	@PYTHONPATH=plugins:. $(BIN)/python -m tests.unit.extract.bad_inputs.mutants 10000

histories: $(VENV)/ready-for-tests  ## two hundred random histories, built night by night and in full: every table compared
	@GOODWILL_HISTORIES=200 $(BIN)/pytest -q tests/warehouse/test_increments.py

faults: $(VENV)/ready-for-tests  ## two hundred kills, twenty nights with a reader, ten thousand damaged files (two hours); counts in faults.json
	@PYTHONPATH=plugins:. $(BIN)/python -m tests.faults.campaign --kills 200 --publishing 200 --nights 20 --mutants 10000

lock: $(VENV)/ready-for-tests  ## resolve the dependencies again
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --extra dev --extra matching --extra storage -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:  ## remove the environment and the demo homes
	@rm -rf $(VENV) homes
