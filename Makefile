# Everything a person or CI types. Each target does its own set-up: Python >= 3.11, Node >= 20 and git are enough.

ENV ?= dev
SCENARIO ?= unhealthy-target
ARGS ?=

export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/.venv
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
unexport VIRTUAL_ENV

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fix synth deploy diff destroy bench battery docs clean

help: ## Say what can be done here
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: .venv/.ready node_modules/.ready ## Install everything into this folder (the other targets do it too)

demo: setup .venv-lab/.ready .build/redis/.ready ## Deploy into a local AWS, break something, watch it heal (SCENARIO=...)
	python -m remedy.lab.demo $(SCENARIO) $(ARGS)

test: setup .venv-lab/.ready .build/redis/.ready ## Run every test
	pytest -n auto --dist worksteal $(ARGS)

check: setup ## Lint, format, types, and generated pages up to date
	ruff check
	ruff format --check
	mypy
	python -m remedy.catalogue --check
	python -m remedy.schema --check

fix: setup ## Let ruff mend what it can, and regenerate pages
	ruff check --fix
	ruff format
	python -m remedy.catalogue
	python -m remedy.schema

synth: setup ## Synthesise the CDK app for ENV (offline)
	cdk synth -c env=$(ENV) --quiet $(ARGS)

deploy: setup ## Deploy to ENV
	cdk deploy -c env=$(ENV) --all $(ARGS)

diff: setup ## Show what a deploy to ENV would change
	cdk diff -c env=$(ENV) $(ARGS)

destroy: setup ## Remove the stack of ENV
	cdk destroy -c env=$(ENV) --all $(ARGS)

bench: setup ## Measure cold start, warm calls and sizes against their goals
	python -m bench $(ARGS)

battery: setup ## Try what may go wrong, many times (docs/reliability.md; minutes)
	python -m battery $(ARGS)

docs: setup ## Regenerate docs/catalogue.md, the README's runbook table and docs/schema
	python -m remedy.catalogue
	python -m remedy.schema

clean: ## Remove what the other targets made
	rm -rf .venv .venv-lab node_modules .build .lab cdk.out .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/.ready: pyproject.toml uv.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; none was found on PATH."; exit 1; }
	@if command -v uv >/dev/null; then uv sync --locked --python $(PYTHON); else \
		test -x .venv/bin/python || $(PYTHON) -m venv .venv; \
		.venv/bin/python -m pip install --quiet --disable-pip-version-check uv && .venv/bin/uv sync --locked; fi
	@touch $@

.venv-lab/.ready: pyproject.toml uv.lock .venv/.ready
	UV_PROJECT_ENVIRONMENT=$(CURDIR)/.venv-lab uv sync --locked --only-group lab --python .venv/bin/python
	@touch $@

.build/redis/.ready: .venv/.ready
	@mkdir -p $(@D)
	@python -m remedy.lab.redis
	@touch $@

node_modules/.ready: package.json package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || { echo "Node 20 or newer is needed."; exit 1; }
	npm ci --no-audit --no-fund --silent
	@touch $@
