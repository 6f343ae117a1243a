# Grok Insights: every task by its name. `make help` lists them.

VENV ?= .venv
PYTHON ?=
export PYTHON

IN := $(VENV)/bin
LOCAL := $(IN)/python -m scripts.local

.DEFAULT_GOAL := help
.PHONY: help run up down check fmt openapi test chaos bench redrive lock clean environment

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: environment ## The main job, from nothing: stack up, sample conversations in, insights shown
	@$(LOCAL) run

up: environment ## The local stack alone; .local/stack.env says how to reach it
	@$(LOCAL) up

down: ## Stop the local stack
	@if [ -x $(IN)/python ]; then $(LOCAL) down; fi

check: environment ## Lint, format, types, import rules, template
	$(IN)/ruff check .
	$(IN)/ruff format --check .
	$(IN)/mypy
	PYTHONPATH=layers/shared $(IN)/lint-imports
	PYTHONPATH=layers/shared $(IN)/python -m scripts.openapi --check
	@$(LOCAL) validate

fmt: environment ## Put the code into its one format
	$(IN)/ruff check --fix .
	$(IN)/ruff format .

openapi: environment ## Write the description of the API anew, from the functions themselves
	PYTHONPATH=layers/shared $(IN)/python -m scripts.openapi

test: environment ## Every test, from nothing; the end-to-end ones start a stack of their own
	$(IN)/pytest

chaos: environment ## The full dose of chaos, end to end: prints a table of figures
	CHAOS=full $(IN)/pytest -s tests/e2e/test_chaos.py

bench: environment ## Measure: time of a batch, CPU of a call; each with its limit
	PYTHONPATH=layers/shared:. $(IN)/python -m scripts.bench

redrive: environment ## Send dead letters round again (the local stack's, or by the environment)
	@if [ -f .local/stack.env ] && [ -z "$$DEAD_LETTER_QUEUE_URL" ]; then . .local/stack.env; fi; \
		PYTHONPATH=layers/shared:. $(IN)/python -m scripts.redrive

lock: environment ## Compile the pinned requirements anew from the short .in files
	$(IN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header \
		--output-file layers/shared/requirements.txt layers/shared/requirements.in
	$(IN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header \
		--output-file requirements-dev.txt requirements-dev.in

clean: down ## Stop the local stack and delete all that was made
	rm -rf .local .aws-sam .import_linter_cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
	if [ -f $(VENV)/.grok-insights ]; then rm -rf $(VENV); fi

environment:
	@python="$$(sh scripts/local/find-python.sh)" && "$$python" -m scripts.local.bootstrap $(VENV)
