# Grok Insights: every task by its name. `make help` lists them.

VENV ?= .venv
PYTHON ?=
export PYTHON

IN := $(VENV)/bin
LOCAL := $(IN)/python -m scripts.local

# The local stack's addresses, unless ENV or the environment names another stack.
LOCAL_ENV := $${LOCAL_DIR:-.local}/stack.env
STACK := if [ -z "$(ENV)$$API_URL$$DEAD_LETTER_QUEUE_URL" ] && [ -f "$(LOCAL_ENV)" ]; then . "$(LOCAL_ENV)"; fi; \
	ENV="$(ENV)"

.DEFAULT_GOAL := help
.PHONY: environment $(shell sed -n 's/^\([a-z-]*\):.*## .*/\1/p' Makefile)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: environment ## The main job, from nothing: stack up, sample conversations in, insights shown
	@$(LOCAL) run

up: environment ## The local stack alone; .local/stack.env says how to reach it
	@$(LOCAL) up

verify: environment ## Check a running stack from outside: the local one, or ENV=staging; TIMEOUT=180
	@$(STACK) $(IN)/python -m tests.e2e.acceptance

sam-local: environment ## The same API by sam local (Docker), against the local stack; SAM_LOCAL_PORT=3000
	@$(IN)/python -m scripts.sam_local

down: ## Stop the local stack
	@if [ -x $(IN)/python ]; then $(LOCAL) down; fi

deploy: environment ## Deploy to AWS: ENV=dev, staging or prod; asks for Grok's key the first time
	@$(IN)/python -m scripts.deploy "$(ENV)"

key: environment ## Put another key of xAI's into SSM: ENV=staging; asks for it without echo
	@$(IN)/python -m scripts.deploy key "$(ENV)"

pause: environment ## Stop the analysis: REASON="why" [ENV=staging]; conversations wait meanwhile
	@$(STACK) REASON="$$REASON" $(IN)/python -m scripts.pause pause

resume: environment ## Let the analysis go on [ENV=staging]
	@$(STACK) $(IN)/python -m scripts.pause resume

check: environment security ## Lint, format, types, import rules, template, security
	$(IN)/ruff check .
	$(IN)/ruff format --check .
	$(IN)/mypy
	PYTHONPATH=layers/shared $(IN)/lint-imports
	$(IN)/python -m scripts.openapi --check
	@$(LOCAL) validate

# Security tools, and the stamp that the template has passed them.
SECURE := .venv-security
SECURE_IN := $(SECURE)/bin
TEMPLATE_CHECKED := $(SECURE)/template-checked
NO_SECRETS := --no-verify --disable-plugin KeywordDetector --plugin scripts/security/xai_key.py \
	--exclude-lines 'uses: [a-z/-]+@[0-9a-f]{40} '

security: environment $(TEMPLATE_CHECKED) ## Template by checkov, secrets by detect-secrets; bandit's rules are ruff's S
	@git ls-files -z | xargs -0 $(SECURE_IN)/detect-secrets-hook $(NO_SECRETS) && echo "no secrets found"

$(TEMPLATE_CHECKED): template.yaml $(wildcard infra/*.yaml) .checkov.yaml uv.lock
	@$(IN)/python -m scripts.local.bootstrap $(SECURE) security
	@out="$$($(SECURE_IN)/checkov --config-file .checkov.yaml 2>&1)" && found=true || found=false; \
		echo "$$out"; $$found && ! echo "$$out" | grep -q "error parsing"
	@touch $@

audit: environment ## Known vulnerabilities of what runs in the cloud; asks PyPI's advisory service
	@$(IN)/python -m scripts.local.bootstrap $(SECURE) security
	$(SECURE_IN)/pip-audit --strict --requirement layers/shared/requirements.txt --disable-pip --no-deps

fmt: environment ## Put the code into its one format
	$(IN)/ruff check --fix .
	$(IN)/ruff format .

openapi: environment ## Write the description of the API anew, from the functions themselves
	$(IN)/python -m scripts.openapi

test: environment ## Every test, from nothing; the end-to-end ones start a stack of their own
	@$(IN)/python -m scripts.local.bootstrap $(VENV) browser
	$(IN)/pytest

chaos: environment ## The full dose of chaos, end to end: prints a table of figures
	CHAOS=full $(IN)/pytest -s tests/e2e/test_chaos.py

simulate: environment ## Simulation of any schedule: SEEDS=1000 [FROM=0], or SEED=123 with its trace
	@PYTHONPATH=layers/shared:. SEEDS="$(SEEDS)" SEED="$(SEED)" FROM="$(FROM)" $(IN)/python -m tests.simulation

simulate-mutants: environment ## Proof that the simulation sees: SEEDS=2000 for each mutant, ONLY="word"
	@PYTHONPATH=layers/shared:. SEEDS="$(SEEDS)" ONLY="$(ONLY)" $(IN)/python -m tests.simulation.mutants

FILES ?= insights.csv insights.jsonl
export: environment ## All insights into FILES="x.csv y.jsonl"; ARGS="--from … --topic …" selects
	@$(STACK) $(IN)/python -m scripts.export $(FILES) $(ARGS)

bench: environment ## Measurements in one table, ten minutes: ONLY="cold_start warm" for some of them
	@PYTHONPATH=layers/shared:. $(IN)/python -m benchmarks $(ONLY)

load: environment ## Load test of the local stack, its rate limit raised meanwhile: N=1000 ARGS="--bulk --rate 50"
	@$(LOCAL) load --num-conversations $${N:-1000} $(ARGS)

redrive: environment ## Send what ended as failed round again: [CODE=bad_request] [ENV=staging]
	@$(STACK) $(IN)/python -m scripts.redrive

lock: environment ## Pin the packages of pyproject.toml in uv.lock, and export it for pip and SAM: ARGS=--upgrade
	$(IN)/uv lock --default-index https://pypi.org/simple $(ARGS)
	$(IN)/uv export --frozen --quiet --no-hashes --output-file requirements-dev.txt
	$(IN)/uv export --frozen --quiet --no-hashes --no-default-groups --output-file layers/shared/requirements.txt

clean: down ## Stop the local stack and delete all that was made
	rm -rf .local .aws-sam .import_linter_cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
	for it in $(VENV) $(SECURE) .venv-bench .venv-bench-clients; do if [ -f $$it/.grok-insights ]; then rm -rf $$it; fi; done

environment:
	@python="$$(sh scripts/local/find-python.sh)" && "$$python" -m scripts.local.bootstrap $(VENV)
