# Everything that people and machines do with this project, by name. `make help` lists it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help setup run test lint format lock clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Kawal needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 setup")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(READY) ## make the virtual environment, with the command kawal in it

run: setup ## start everything on this machine and watch cases climb the ladder
	$(BIN)/kawal dev

test: setup ## run the tests against a real Temporal server and a real PostgreSQL
	$(BIN)/pytest --numprocesses 2 --dist loadfile

lint: setup ## check style, types and the arrows between folders
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## pin every dependency anew, with hashes (needs uv)
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet \
		--python-version 3.11 --extra local --extra dev pyproject.toml --output-file requirements.lock

clean: ## remove the virtual environment and the data of make run
	rm -rf $(VENV) .kawal
