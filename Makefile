# What a person types; .ci/run types the same. `make help` lists it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install --require-hashes --only-binary :all:
STREAMSCORE := $(BIN)/streamscore
UV_LOCK := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help demo test test-servers check fmt bench bench-peers plots cover docs protos completions models lock clean

help: ## list what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

demo: $(VENV)/.demo ## the whole thing, live: a real Kafka, models, records, scores (SECONDS_LIMIT=N ends it)
	@$(STREAMSCORE) demo $(if $(SECONDS_LIMIT),--seconds $(SECONDS_LIMIT))

test: $(VENV)/.dev ## every test that Python alone can run, those on a real Kafka included
	@$(BIN)/python -m pytest -m 'not servers' $(PYTEST_ARGS)
	@echo 'There is more: make test-servers (what needs servers beyond Python), make bench (speed), make cover.'

test-servers: $(VENV)/.dev ## tests on real InfluxDB, Prometheus and Chromium, which it gets first (docs/testing.md)
	@$(BIN)/python scripts/install_servers.py
	@$(BIN)/python -m pytest -m servers tests/servers $(PYTEST_ARGS)

check: $(VENV)/.dev ## lint, types, import contracts, generated files fresh; changes nothing
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo >$(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }
	@$(BIN)/python scripts/make_protos.py --check
	@$(BIN)/python scripts/make_docs.py --check
	@$(BIN)/python scripts/make_pmml_docs.py --check
	@$(BIN)/python scripts/make_dashboards.py --check
	@$(BIN)/python -m benchmarks.plots --check
	@echo 'check: all holds'

fmt: $(VENV)/.dev ## format, and mend what the linter can mend
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

bench: $(VENV)/.dev ## measure the server against the bare loop, stage by stage and whole (docs/performance.md)
	@$(BIN)/python -m benchmarks

bench-peers: $(VENV)/.dev ## measure it beside Kafka Streams + JPMML, + ONNX Runtime, and pypmml (needs a JDK and Maven)
	@$(BIN)/python -m benchmarks.peers.build
	@$(BIN)/python -m benchmarks --peers

plots: $(VENV)/.dev ## draw docs/plots anew from benchmarks/results
	@$(BIN)/python -m benchmarks.plots

cover: $(VENV)/.dev ## the tests with coverage
	@$(BIN)/python -m coverage run -m pytest -m 'not servers' $(PYTEST_ARGS) && $(BIN)/python -m coverage report

docs: $(VENV)/.dev ## write docs/cli.md, settings.md, metrics.md and pmml.md, and the dashboards, anew
	@$(BIN)/python scripts/make_docs.py
	@$(BIN)/python scripts/make_pmml_docs.py
	@$(BIN)/python scripts/make_dashboards.py

completions: docs ## write the shells' completions anew (with the docs)

protos: $(VENV)/.dev ## write the generated protobuf code anew
	@$(BIN)/python scripts/make_protos.py

models: $(VENV)-models/.models ## make data/ anew: the records, the models trained, their expected answers
	@$(VENV)-models/bin/python scripts/make_data.py && $(VENV)-models/bin/python scripts/make_models.py

lock: ## resolve the dependencies anew into requirements/ (needs uv)
	@$(UV_LOCK) --extra demo --extra tensorflow --group build pyproject.toml -o requirements/tensorflow.txt
	@$(UV_LOCK) --extra demo --group build -c requirements/tensorflow.txt pyproject.toml -o requirements/demo.txt
	@$(UV_LOCK) --extra demo --extra jvm --extra traces --extra onnx --extra fast-json --extra plots --group dev -c requirements/tensorflow.txt pyproject.toml -o requirements/dev.txt
	@$(UV_LOCK) requirements/models.in -o requirements/models.txt

clean: ## remove the environments and what tools left behind
	@rm -rf $(VENV) $(VENV)-models .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage htmlcov

# Environments. TensorFlow has no wheel for every Python: then all but its model works, and a sentence says so.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo 'streamscore needs Python 3.11 or newer; name it: make $(MAKECMDGOALS) PYTHON=python3.12'; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo 'This Python has no venv or no pip; install them (Debian and Ubuntu: apt install python3-venv).'; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python requirements/demo.txt requirements/tensorflow.txt pyproject.toml
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@echo 'Installing streamscore and what the demo needs into $(VENV) (once)...'
	@$(INSTALL) -r requirements/demo.txt
	@$(INSTALL) -r requirements/tensorflow.txt 2>$(VENV)/tensorflow.log \
	  || echo 'TensorFlow could not be installed for this Python ($(VENV)/tensorflow.log says why): the seven PMML models run without it.'
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.demo requirements/dev.txt
	@echo 'Installing what the tests and checks need into $(VENV) (once)...'
	@$(INSTALL) -r requirements/dev.txt
	@touch $@

$(VENV)-models/.models: requirements/models.txt
	@$(PYTHON) -m venv $(VENV)-models
	@$(VENV)-models/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/models.txt
	@touch $@
