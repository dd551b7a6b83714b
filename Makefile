# Everything a clone needs: `make demo`, `make up`, `make test`. Python 3.11 to 3.13 is all it asks for.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAM_VENV := .venv-sam
AUDIT_VENV := .venv-audit
MUTANTS_VENV := .venv-mutants
LOCKS := $(sort $(wildcard requirements*.txt shared/requirements.txt functions/*/requirements.txt))
LAMBDA_PYTHON ?= python3.13
STAMP := $(VENV)/.set-up
SAM_STAMP := $(SAM_VENV)/.set-up
MUTANTS_STAMP := $(MUTANTS_VENV)/.set-up
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-sam demo up down package check test coverage lint watch soak mutants bench docs sdk lock images audit \
  template-postgres licences clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with all that is needed

$(STAMP): requirements-setup.txt requirements-dev.txt pyproject.toml sdk/python/pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else \
	  f"dexec needs Python 3.11, 3.12 or 3.13; $(PYTHON) is {v.major}.{v.minor}. Name another: make setup PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements-setup.txt
	@# uv takes a quarter of pip's time, but knows nothing of pip.conf.
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.txt \
	  || $(PIP) --require-hashes -r requirements-dev.txt
	$(PIP) --no-deps --no-build-isolation -e . -e sdk/python
	@touch $@

setup-sam: $(SAM_STAMP) ## make .venv-sam with the SAM CLI, whose pins clash with ours

$(SAM_STAMP): requirements-sam.txt $(STAMP)
	test -x $(SAM_VENV)/bin/python || $(BIN)/python -m venv --without-pip $(SAM_VENV)
	$(BIN)/uv pip install --quiet --python $(SAM_VENV)/bin/python --require-hashes -r requirements-sam.txt
	@touch $@

demo: setup ## run five orders at once on a deployment of their own
	@$(BIN)/dexec demo

up: setup ## start the deployment and follow its logs until Ctrl-C
	@$(BIN)/dexec up

down: setup ## stop a deployment that runs in the background
	@$(BIN)/dexec down

package: setup-sam ## build what `sam deploy` uploads, with bytecode that Lambda need not make at every start
	$(SAM_VENV)/bin/sam build $(SAM_OPTIONS)
	$(LAMBDA_PYTHON) -m compileall -q -j 0 --invalidation-mode unchecked-hash .aws-sam/build

lint: setup ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint ## what to run while working, in a minute: lint, types, unit tests, contracts in memory
	@tests/run -q -n 2 tests/unit tests/contract -m "not back_end"

test: lint setup-sam ## everything: checks, then every test
	@# Four at a time keep two cores busy: deployments mostly wait.
	@tests/run -n 4 --dist loadgroup --durations 30

coverage: setup setup-sam ## every test, and the lines that none of them runs; takes half as long again
	@tests/run -n 3 --dist loadgroup --cov --cov-report term:skip-covered

watch: setup ## rerun the unit tests on every change
	$(BIN)/ptw . --now -- tests/unit tests/proofs/property -q

soak: setup setup-sam ## the long forms: faults for minutes, and the random tests with many more inputs
	$(BIN)/dexec chaos --long
	DEXEC_SOAK=1 tests/run -q tests/system/edge tests/proofs/exactly_once tests/proofs/property tests/proofs/simulation \
	  tests/system/e2e/test_overload.py tests/system/e2e/test_api_documents.py tests/system/e2e/console/test_desk.py \
	  tests/system/e2e/console/test_views.py tests/release/packaging/test_arm64.py

mutants: setup $(MUTANTS_STAMP) ## change the engine in small ways, and list the changes that no test notices; takes hours
	@# MUTANTS="usecases/notify place_order.sql --every 5 --minutes 30" makes a fifth of those of some files.
	@nice $(BIN)/python -m infra.lab.mutants $(MUTANTS)

$(MUTANTS_STAMP): requirements-mutants.txt $(STAMP)
	test -x $(MUTANTS_VENV)/bin/python || $(BIN)/python -m venv --without-pip $(MUTANTS_VENV)
	$(BIN)/uv pip install --quiet --python $(MUTANTS_VENV)/bin/python --require-hashes -r requirements-mutants.txt
	@touch $@

bench: setup ## measure the standard set, which takes minutes, or some PARTS of it, and rewrite docs/performance.md
	@$(BIN)/python -m infra.lab.bench.standard $(PARTS)

TYPESCRIPT := sdk/typescript
.PHONY: sdk-typescript
sdk-typescript: setup ## write the types of the TypeScript client anew; build, test and pack it
	cd $(TYPESCRIPT) && npm ci --no-audit --no-fund
	@mkdir -p $(TYPESCRIPT)/build
	$(BIN)/python -m infra.release.documents.clients > $(TYPESCRIPT)/build/schemas.json
	cd $(TYPESCRIPT) && npm run models && npm test && npm pack

docs: setup ## write the generated documents anew
	@$(BIN)/python -m infra.release.documents

sdk: setup ## generate the models of the clients anew
	@$(BIN)/python -m infra.release.sdk

lock: setup ## pin the dependencies anew
	$(LOCK) requirements-dev.in -o requirements-dev.txt
	$(LOCK) -c requirements-dev.txt requirements-setup.in -o requirements-setup.txt
	$(LOCK) -c requirements-dev.txt shared/requirements.in -o shared/requirements.txt
	$(LOCK) -c requirements-dev.txt functions/executor/requirements.in -o functions/executor/requirements.txt
	$(LOCK) -c requirements-dev.txt requirements-local.in -o requirements-local.txt
	$(LOCK) requirements-sam.in -o requirements-sam.txt
	$(LOCK) requirements-audit.in -o requirements-audit.txt
	$(LOCK) requirements-mutants.in -o requirements-mutants.txt
	$(BIN)/python -m infra.release.supply.licences

images: setup ## pin the containers' base images to the digests that they have now
	@$(BIN)/python -m infra.release.supply.images

audit: setup ## look every pinned package up in PyPI's advisory database
	@# In a virtual environment of its own, where it meets nothing else. A mirror of PyPI may lack the database.
	$(BIN)/uv venv --quiet --clear $(AUDIT_VENV)
	$(BIN)/uv pip install --quiet --python $(AUDIT_VENV)/bin/python --require-hashes -r requirements-audit.txt
	@for lock in $(LOCKS); do echo "$$lock:"; \
	  $(AUDIT_VENV)/bin/pip-audit --strict --disable-pip --require-hashes -r $$lock || failed=yes; \
	done; test -z "$$failed"

template-postgres: setup ## write template-postgres.yaml, for regions without Aurora DSQL
	@$(BIN)/python -m infra.release.postgres_template template-postgres.yaml

licences: setup ## write docs/licences.md
	@$(BIN)/python -m infra.release.supply.licences

clean: ## remove what was built; .dexec, which holds your history, stays
	rm -rf $(VENV) $(SAM_VENV) $(AUDIT_VENV) $(MUTANTS_VENV) .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks *.egg-info
	rm -rf $(TYPESCRIPT)/node_modules $(TYPESCRIPT)/dist $(TYPESCRIPT)/build $(TYPESCRIPT)/*.tgz
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
