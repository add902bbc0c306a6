# One word per chore; CI calls the same words.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --constraint constraints.txt

.PHONY: help demo test check docs format clean

help:  ## show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

# torch comes first and by itself, so that nothing pulls another build of it in.
$(VENV)/.run: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) torch
	$(PIP) --editable ".[train,report]"
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP) --editable ".[dev]"
	@touch $@

demo: $(VENV)/.run  ## the main job in the lab: a table, and runs/demo/report.html
	$(BIN)/crosslift demo

test: $(VENV)/.dev  ## all tests, offline
	$(BIN)/pytest -n 2 --dist worksteal

check: $(VENV)/.dev  ## format, lint, types, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir build/site

docs: $(VENV)/.dev  ## serve the documentation
	$(BIN)/mkdocs serve

format: $(VENV)/.dev  ## format, and fix what can be fixed automatically
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove what was built here
	rm -rf $(VENV) build
