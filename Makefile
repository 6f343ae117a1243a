# The tasks of Grok Insights. `make help` lists them.

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
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: environment ## Start the local stack, send sample conversations, and show their insights; PROFILE=support
	@PROFILE="$(PROFILE)" $(LOCAL) run

up: environment ## Start the local stack only; .local/stack.env has its addresses and key
	@$(LOCAL) up

verify: environment ## Run the acceptance suite on a running stack: the local one, or ENV=staging; TIMEOUT=180
	@$(STACK) $(IN)/python -m tests.e2e.acceptance

sam-local: environment ## Run the API with sam local (Docker) on the local stack's data; SAM_LOCAL_PORT=3000
	@$(IN)/python -m scripts.sam_local

down: ## Stop the local stack
	@if [ -x $(IN)/python ]; then $(LOCAL) down; fi

deploy: environment ## Deploy to AWS: ENV=dev, staging or prod; asks for Grok's key the first time
	@$(IN)/python -m scripts.deploy "$(ENV)"

key: environment ## Replace xAI's key in SSM: ENV=staging; asks for it without echo
	@$(IN)/python -m scripts.deploy key "$(ENV)"

profile: environment ## Store and activate a profile: FILE=profiles/support.json [ENV=staging]
	@$(STACK) $(IN)/python -m scripts.put_profile "$(FILE)"

pause: environment ## Pause the analysis: REASON="why" [ENV=staging]; conversations wait until make resume
	@$(STACK) REASON="$$REASON" $(IN)/python -m scripts.pause pause

resume: environment ## Resume the analysis [ENV=staging]
	@$(STACK) $(IN)/python -m scripts.pause resume

check: environment security ## Check lint, format, types, import rules, API description, template and security
	$(IN)/ruff check .
	$(IN)/ruff format --check .
	$(IN)/mypy
	PYTHONPATH=layers/shared $(IN)/lint-imports
	$(IN)/python -m scripts.openapi --check
	$(IN)/python -m scripts.events_page --check
	@$(LOCAL) validate

# Security tools, and a file that marks the template as checked.
SECURE := .venv-security
SECURE_IN := $(SECURE)/bin
TEMPLATE_CHECKED := $(SECURE)/template-checked
NO_SECRETS := --no-verify --disable-plugin KeywordDetector --plugin scripts/security/xai_key.py \
	--exclude-lines 'uses: [a-z/-]+@[0-9a-f]{40} '

security: environment $(TEMPLATE_CHECKED) ## Check the template with checkov, and the files for secrets with detect-secrets
	@git ls-files -z | xargs -0 $(SECURE_IN)/detect-secrets-hook $(NO_SECRETS) && echo "no secrets found"

$(TEMPLATE_CHECKED): template.yaml $(wildcard infra/*.yaml) .checkov.yaml uv.lock
	@$(IN)/python -m scripts.local.bootstrap $(SECURE) security
	@out="$$($(SECURE_IN)/checkov --config-file .checkov.yaml 2>&1)" && found=true || found=false; \
		echo "$$out"; $$found && ! echo "$$out" | grep -q "error parsing"
	@touch $@

audit: environment ## Check deployed packages for known vulnerabilities, with PyPI's advisory service
	@$(IN)/python -m scripts.local.bootstrap $(SECURE) security
	$(SECURE_IN)/pip-audit --strict --requirement layers/shared/requirements.txt --disable-pip --no-deps

fmt: environment ## Format the code
	$(IN)/ruff check --fix .
	$(IN)/ruff format .

openapi: environment ## Write the API description and the schemas of events from the functions' code
	$(IN)/python -m scripts.openapi
	$(IN)/python -m scripts.events_page

test: environment ## Run every test; the end-to-end tests start their own stack
	@$(IN)/python -m scripts.local.bootstrap $(VENV) browser
	@$(IN)/python -m scripts.local.bootstrap $(VENV) clients
	$(IN)/pytest tests/e2e
	$(IN)/pytest --numprocesses 2 --dist loadfile --ignore tests/e2e

chaos: environment ## Run the full chaos test end to end, and print a table of figures
	CHAOS=full $(IN)/pytest -s tests/e2e/test_chaos.py

years: environment ## Send two years of conversations end to end, CONVERSATIONS=5000, and check trends and pages
	CONVERSATIONS="$${CONVERSATIONS:-5000}" $(IN)/pytest -s tests/e2e/test_insights_over_time.py

backlog: environment ## Import LINES=50000 on the local stack, killing the function KILLS=2 times; then the same file again
	@$(STACK) PYTHONPATH=layers/shared:. LINES="$(LINES)" KILLS="$(KILLS)" $(IN)/python -m tests.e2e.backlog

reanalysis-load: environment ## Measure how long NEW=500 conversations wait while INSIGHTS=2000 are analysed again: RATE=10
	@$(STACK) PYTHONPATH=layers/shared:. INSIGHTS="$(INSIGHTS)" NEW="$(NEW)" RATE="$(RATE)" \
		$(IN)/python -m tests.e2e.reanalysis_load

simulate: environment ## Run simulated schedules: SEEDS=1000 [FROM=0], or SEED=123 with its trace
	@PYTHONPATH=layers/shared:. SEEDS="$(SEEDS)" SEED="$(SEED)" FROM="$(FROM)" $(IN)/python -m tests.simulation

simulate-mutants: environment ## Check that the simulation detects changed code: SEEDS=2000 for each mutant, [ONLY="word"] [CONTINUE=1] [PROCESSES=2]
	@PYTHONPATH=layers/shared:. SEEDS="$(SEEDS)" ONLY="$(ONLY)" CONTINUE="$(CONTINUE)" \
		PROCESSES="$(PROCESSES)" $(IN)/python -m tests.simulation.mutants

clients: environment ## Generate a Python and a TypeScript client from the API description: OUT=.local/clients
	@$(IN)/python -m scripts.local.bootstrap $(VENV) clients
	@OUT="$(OUT)" $(IN)/python -m scripts.clients

EVALUATE := PYTHONPATH=layers/shared:. $(IN)/python -m scripts.evaluate
evaluate: environment ## Measure the analysis on labelled conversations: [DATA=x.jsonl] [PROFILE=] [MODEL=] [REPEATS=3] [COMPARE="A B"]
	@$(EVALUATE) $(if $(DATA),"$(DATA)") $(if $(PROFILE),--profile "$(PROFILE)") $(if $(MODEL),--model "$(MODEL)") \
		$(if $(REPEATS),--repeats $(REPEATS)) $(if $(COMPARE),--compare $(COMPARE)) \
		$(if $(OUT),--out "$(OUT)") $(if $(filter 1,$(YES)),--yes)

evaluate-baseline: environment ## Store the mock's measures on the project's own labelled conversations for make test
	@GROK_MODE=mock $(EVALUATE) --write-baseline

topic-spread: environment ## Count the topics that the mock names: DATA=conversations.jsonl[.gz]
	@PYTHONPATH=layers/shared:. $(IN)/python -m scripts.evaluate.topic_spread "$(DATA)"

screenshots: environment ## Take the pictures of docs/dashboard.md on the local stack, with sample conversations
	@$(IN)/python -m scripts.local.bootstrap $(VENV) browser
	@PROFILE=support $(LOCAL) run >/dev/null
	@$(STACK) $(IN)/python -m scripts.screenshots

lighthouse: environment ## Measure the dashboard of a running stack with Lighthouse, signed in; see docs/dashboard.md
	@$(STACK) $(IN)/python -m scripts.lighthouse

FILES ?= insights.csv insights.jsonl
export: environment ## Export insights to FILES="x.csv y.jsonl"; ARGS="--from … --topic …" filters them
	@$(STACK) $(IN)/python -m scripts.export $(FILES) $(ARGS)

import: environment ## Import FILE=x.csv, .jsonl or .gz: [MAP="text=Body,external_id=Id"] [DRY_RUN=1] [AGAIN=1] [ENCODING=latin-1]
	@$(STACK) FILE="$(FILE)" MAP="$(MAP)" DRY_RUN="$(DRY_RUN)" AGAIN="$(AGAIN)" FORMAT="$(FORMAT)" \
		ENCODING="$(ENCODING)" DELIMITER="$(DELIMITER)" $(IN)/python -m scripts.imports

bench: environment ## Run the benchmarks, about ten minutes; ONLY="cold_start warm" selects groups
	@PYTHONPATH=layers/shared:. $(IN)/python -m benchmarks $(ONLY)

load: environment ## Run a load test on the local stack with a raised rate limit: N=1000 ARGS="--bulk --rate 50"
	@$(LOCAL) load --num-conversations $${N:-1000} $(ARGS)

redrive: environment ## Send failed conversations to the analysis again: [CODE=bad_request] [ENV=staging]
	@$(STACK) $(IN)/python -m scripts.redrive

resend-events: environment ## Send events again that the webhook never accepted [ENV=staging]
	@$(STACK) $(IN)/python -m scripts.resend_events

lock: environment ## Pin the packages of pyproject.toml in uv.lock, and export them for pip and SAM: ARGS=--upgrade
	$(IN)/uv lock --default-index https://pypi.org/simple $(ARGS)
	$(IN)/uv export --frozen --quiet --no-hashes --output-file requirements-dev.txt
	$(IN)/uv export --frozen --quiet --no-hashes --no-default-groups --output-file layers/shared/requirements.txt

clean: down ## Stop the local stack, and delete all generated files
	rm -rf .local .aws-sam .import_linter_cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
	for it in $(VENV) $(SECURE) .venv-bench .venv-bench-clients; do if [ -f $$it/.grok-insights ]; then rm -rf $$it; fi; done

environment:
	@python="$$(sh scripts/local/find-python.sh)" && "$$python" -m scripts.local.bootstrap $(VENV)
