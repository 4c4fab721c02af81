# Pocket Pay: `make run` on a fresh machine with Python 3.11+ and make, and nothing else.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# The first Python on the PATH that is new enough; `make PYTHON=/path/to/python3 run` uses another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
# Each file here is the timestamp of a finished step, so that make repeats the step only when its sources change.
DONE := .make

# Some machines set this, so that Python does not write its bytecode cache. Then each process compiles every module again.
# The tests start hundreds of processes and would take twice as long.
unexport PYTHONDONTWRITEBYTECODE

EXPLORER := $(wildcard explorer/*.* explorer/.npmrc explorer/src/* explorer/src/*/*)
INTEROP := $(wildcard interop/*.* interop/.npmrc interop/src/*.ts interop/src/relay/*.ts interop/python/*.* explorer/src/tabs/*)
EXAMPLES := $(wildcard examples/typescript/*.* examples/typescript/.npmrc examples/typescript/src/*.ts examples/python/*.*)

# The example app is built from its own files, the JavaScript package and the schema.
WEB := $(wildcard clients/js/*.json clients/js/.npmrc clients/js/scripts/* clients/js/src/*.ts examples/web/*.* examples/web/.npmrc \
	examples/web/src/*.* examples/web/src/*/*.*)

.PHONY: help run demo web web-test reset install explorer examples interop test browser model pythons check format schema settings lock audit crash bench wheel fuzz vulnerabilities bank-smoke soak failover restore rolling monitoring clean mutations

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(DONE)/install ## serve, with GraphiQL in the browser and, without DATABASE_URL, the embedded PostgreSQL
	@$(MAKE) --no-print-directory explorer || echo "The explorer was not built (see above); the API runs without it." >&2
	@exec $(PY) -m pocketpay serve $(ARGS)

demo: $(DONE)/install $(DONE)/web ## serve the wallet app and the API for people who look at it, with demo people
	@REFRESH_COOKIE=true PUBLIC_URL=http://127.0.0.1:$${PORT:-8000}/app $(PY) -m pocketpay serve $(ARGS)

reset: $(DONE)/install ## erase the embedded database and make new demo people; stop the server first
	@$(PY) -m pocketpay reset

install: $(DONE)/install ## make the virtualenv from requirements.lock
	@:

explorer: $(DONE)/explorer ## build GraphiQL, with the machine's npm or the one of requirements.lock
	@:

web: $(DONE)/web ## build the wallet app of examples/web and the JavaScript package that it uses
	@:

web-test: $(DONE)/install $(DONE)/web ## test the wallet app in a real Chromium: every screen, two people, lost networks; SHOTS=folder
	@$(PY) -c 'import sys; from tests.e2e import test_web; sys.exit(test_web.MISSING)'
	@BROWSER=whole $(PY) -m pytest tests/e2e/test_web.py -p no:xdist $(ARGS)

# Four processes on two cores, because tests wait for PostgreSQL more than they use the processor.
test: $(DONE)/install ## run every test; `make test ARGS="tests/risk -x"` runs some
	@$(PY) -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

browser: $(DONE)/install explorer ## test the explorer's tabs in a real Chromium; SHOTS=folder keeps a picture of each
	@$(PY) -c 'import sys; from tests.e2e import test_browser; sys.exit(test_browser.MISSING)'
	@BROWSER=whole $(PY) -m pytest tests/e2e/test_browser.py -p no:xdist $(ARGS)

model: $(DONE)/install ## compare the rules with their model, forty times the walks of the tests; WALKS=1000 FIRST_WALK=12
	@WALKS=$${WALKS:-480} $(PY) -m pytest tests/walks/test_model.py -n 3 --dist load $(ARGS)

fuzz: $(DONE)/install ## send random and malformed input to every interface; FUZZ_SECONDS=300, FUZZ_SEED=7 repeats a seed
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-300} $(PY) -m pytest tests/fuzz -n 0 --show-capture=no $(ARGS)

check: $(DONE)/install ## check lint, types, imports, plain words, and that lock, schema and migrations match the code
	$(PY) -m pip check
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PY) -m pocketpay schema | diff -u schema.graphql -
	$(PY) -m pytest tests/database/test_migrations.py tests/database/test_guards_listing.py tests/test_plain_words.py
	$(PY) scripts/vulnerabilities

vulnerabilities: $(DONE)/install ## check the lock for known vulnerabilities; fails also where the database cannot be reached
	@$(PY) scripts/vulnerabilities --required

format: $(DONE)/install ## format the code and fix what ruff can fix
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

schema: $(DONE)/install ## export schema.graphql
	@$(PY) -m pocketpay schema > $(DONE)/schema.graphql
	@mv $(DONE)/schema.graphql schema.graphql

settings: $(DONE)/install ## export .env.example
	@$(PY) -m pocketpay settings > $(DONE)/env.example
	@mv $(DONE)/env.example .env.example

bank-smoke: $(DONE)/install ## make one deposit and one withdrawal with Stripe test keys; without STRIPE_SECRET_KEY say what it would do
	@$(PY) scripts/bank-smoke

audit: $(DONE)/install ## prove that the books are right
	@$(PY) -m pocketpay audit $(ARGS)

crash: $(DONE)/install ## kill the server under load repeatedly and audit the books; ARGS="--rounds 20 --seconds 10"
	@$(PY) -m tests.e2e.crash $(ARGS)

mutations: $(DONE)/install ## remove each guard in turn and see its test fail; ARGS="--only transfer", ARGS=--find, ARGS=rules
	@$(PY) -m tests.mutations $(ARGS)

soak: $(DONE)/install ## 1,000,000 instructions against the model, 100,000 operations over HTTP under 100 kills; SOAK_SECONDS=60 for less
	@SOAK_SECONDS=$(SOAK_SECONDS) SOAK_SEED=$(SOAK_SEED) $(PY) -m tests.soak

rolling: $(DONE)/install ## restart two servers behind nginx under load: no client notices; needs nginx; ARGS="--rounds 10"
	@$(PY) -m tests.rolling $(ARGS)

monitoring: $(DONE)/install ## run every query of the alerts and the dashboard on a real Prometheus that scrapes a real server
	@MONITORING=1 $(PY) -m pytest tests/deployment/test_monitoring.py tests/deployment/test_prometheus.py -p no:xdist -rs $(ARGS)

failover: $(DONE)/patroni ## fail over three PostgreSQL nodes that Patroni manages, under load; ARGS="frozen killed" runs some
	@$(PY) -m tests.failover $(ARGS)

restore: $(DONE)/install ## restore backups into new clusters, to a moment, and after pg_upgrade; ARGS="-k upgrade" runs some
	@RESTORE=whole $(PY) -m pytest tests/restore -p no:xdist $(ARGS)

pythons: $(DONE)/install ## test two servers side by side, one on each other installed Python; NEWEST=1: only the newest
	@scripts/other-pythons | head -n $${NEWEST:-9} | while read -r version python; do \
		echo "With Python $$version" && $$python -m venv .venvs/$$version && \
		.venvs/$$version/bin/pip install -q --require-hashes -r requirements.lock </dev/null && \
		OTHER_PYTHON=$$PWD/.venvs/$$version/bin/python $(PY) -m pytest tests/e2e/test_servers_that_differ.py </dev/null \
		|| exit 1; \
	done

bench: $(DONE)/install ## run the benchmarks on this machine; ARGS="--against COMMIT" compares two versions
	@$(PY) -m benchmarks $(ARGS)

wheel: $(DONE)/install explorer ## build dist/*.whl, with the migrations and the explorer inside
	@rm -rf dist
	@$(BIN)/hatchling build -t wheel

examples: $(DONE)/examples ## generate, compile and run the typed clients in TypeScript and Python
	@$(PY) -m pytest tests/e2e/test_typed_examples.py $(ARGS)

interop: $(DONE)/interop $(DONE)/examples ## run other people's clients and checkers against a server: Apollo, urql, Relay, graphql-http
	@$(PY) -m tests.interop $(ARGS)

lock: ## make requirements.lock from pyproject.toml; `make lock ARGS=--upgrade` for newer versions
	@scripts/lock $(ARGS)

clean: ## delete everything that make built; the data in .pocketpay stays
	rm -rf $(VENV) .venvs $(DONE) dist pocketpay/explorer/dist explorer/node_modules
	rm -rf examples/typescript/dist examples/*/node_modules examples/typescript/src/gql examples/python/pocketpay_client
	rm -rf clients/js/dist clients/js/src/schema.ts clients/js/*.tgz clients/js/node_modules examples/web/src/gql pocketpay/explorer/web
	rm -rf interop/build interop/node_modules interop/src/gql interop/src/tabs interop/src/relay/__generated__
	rm -rf mutants .mypy_cache interop/python/.mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(DONE)/install: requirements.lock pyproject.toml scripts/install
	@PYTHON="$(PYTHON)" scripts/install
	@mkdir -p $(DONE) && touch $@

$(DONE)/patroni: tests/failover/requirements.txt $(DONE)/install
	@rm -rf .venvs/patroni && $(PY) -m venv .venvs/patroni
	@.venvs/patroni/bin/pip install -q --require-hashes -r tests/failover/requirements.txt
	@touch $@

$(DONE)/explorer: $(EXPLORER) scripts/build-explorer scripts/npm $(DONE)/install
	@scripts/build-explorer
	@mkdir -p $(DONE) && touch $@

$(DONE)/web: $(filter-out clients/js/src/schema.ts,$(WEB)) schema.graphql scripts/build-web scripts/quietly scripts/npm $(DONE)/install
	@scripts/build-web

$(DONE)/examples: $(EXAMPLES) schema.graphql scripts/build-examples scripts/quietly scripts/npm $(DONE)/install
	@scripts/build-examples

$(DONE)/interop: $(INTEROP) schema.graphql scripts/build-interop scripts/quietly scripts/npm $(DONE)/install
	@scripts/build-interop
