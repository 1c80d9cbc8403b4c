# The product in two commands: `make run` and `make test`. Nothing but Python 3.11+, make and git is needed.

PYTHON ?= python3
PORT ?= 8000
WITH ?=
VENV := .venv
PY := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help run test chaos prove mutants honest env demo-reset check lint types format browser-tests clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/runtime.stamp env ## Set everything up and serve the product with demo data (PORT=8000 WITH="encoder voice")
	@$(if $(WITH),$(PY) -m helpdesk.parts $(WITH))
	@exec $(PY) manage.py serve --prepare --port $(PORT)

test: $(VENV)/dev.stamp ## Set up and run the tests that need no server, browser or process of their own
	@$(PY) -m pytest -n 2 -m "not browser and not process and not postgres and not broker"

chaos: $(VENV)/dev.stamp ## Kill everything while 10,000 tickets come in, and look whether one was lost or done twice
	@$(PY) -m tests.chaos

prove: $(VENV)/dev.stamp ## All long proofs, whose short forms run in CI (an hour or two)
	@.ci/prove

mutants: $(VENV)/mutants.stamp ## Put faults into the code and see whether the tests notice (MODULE=…; all: hours)
	@nice -n 19 $(PY) -m tests.mutants $(MODULE)

honest: $(VENV)/dev.stamp ## Measure the shipped product on messages of strangers
	@$(PY) -m benchmarks.honest

env: $(VENV)/runtime.stamp ## Write .env with a random SECRET_KEY if there is none
	@test -f .env || $(PY) -m helpdesk.first_env

demo-reset: $(VENV)/runtime.stamp ## Throw the demo's data away
	@$(PY) manage.py demo_reset

check: ## Everything that CI checks, servers and browser included
	@.ci/run

lint: $(VENV)/dev.stamp ## Lint and format check
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .

types: $(VENV)/dev.stamp env ## Check the types
	@$(VENV)/bin/mypy .

format: $(VENV)/dev.stamp ## Format the code
	@$(VENV)/bin/ruff check --fix . ; $(VENV)/bin/ruff format .

clean: ## Remove the virtual environment and caches (data in var/ stays)
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Use: make PYTHON=python3.11 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "Could not make a virtual environment. On Debian: apt install python3-venv"; exit 1; }

$(VENV)/runtime.stamp: requirements.txt | $(PY)
	@echo "Installing what it needs …"
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements.txt requirements-dev.txt | $(PY)
	@echo "Installing what it and its tests need …"
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/runtime.stamp

$(VENV)/mutants.stamp: $(VENV)/dev.stamp requirements-mutants.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-mutants.txt
	@touch $@
