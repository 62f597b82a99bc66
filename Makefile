# One word for every chore; the same words run in CI. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test test-all test-every histories crowds machine model fleet mutants mutation CHANGED coverage bench mysqlclient screenshots lint types check man evening dist lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

# Everything is pinned with hashes in requirements.lock; the package itself is installed without looking anything up.
# It is compiled here, as pip compiles the rest: where PYTHONDONTWRITEBYTECODE is set, every start would do it anew.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "connecteam-sync needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up $(VENV) (once, about a minute) ..." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src
	@touch $(READY)

demo: $(READY)  ## the main job against a simulated Connecteam, under a minute
	@$(BIN)/connecteam-sync demo

test: $(READY)  ## the tests but the long ones, 5 minutes; SQLite always, the server databases wherever they answer
	@$(BIN)/python -m pytest $(or $(PYTEST),-q --quick)

test-all: $(READY)  ## every test, the long ones too; those of service and command on SQLite and one server each
	@$(BIN)/python -m pytest --in-turns $(PYTEST)

test-every: $(READY)  ## every test on every database
	@$(BIN)/python -m pytest $(PYTEST)

N ?= 50000
histories: $(READY)  ## random histories of a company against an oracle, N of them (N=50000)
	@CONNECTEAM_SYNC_HISTORIES=$(N) $(BIN)/python -m pytest -q -rP tests/core/test_histories.py

crowds: $(READY)  ## the same histories on every database that answers
	@$(BIN)/python -m pytest -q -rP tests/attack/test_histories_on_databases.py

machine: $(READY)  ## the whole program as a state machine: 200 lives of a company
	@CONNECTEAM_SYNC_MACHINES=200 CONNECTEAM_SYNC_TEST_DATABASES= $(BIN)/python -m pytest -q -rP tests/attack/test_machine.py

model: $(READY)  ## the fleet's protocol in every order of its steps: docs/model by spin (needs spin and gcc)
	@command -v spin >/dev/null && command -v gcc >/dev/null || echo "NOT TESTED: the fleet's model, without spin and gcc (Debian has both)" >&2
	@CONNECTEAM_SYNC_TEST_DATABASES= $(BIN)/python -m pytest -q -rP -n0 tests/fleet/test_model.py

fleet: $(READY)  ## the fleet's failure matrix, a quarter of an hour: processes killed and asleep, broker and databases gone (needs RabbitMQ)
	@CONNECTEAM_SYNC_FLEET_CELLS=all $(BIN)/python -m pytest -q -rP -n0 tests/fleet/test_matrix.py

mutants: $(READY)  ## planted bugs: each must be killed by the suite that is named for it
	@$(BIN)/python tests/mutants.py

# The first run measures which tests run which lines (.mutation/); MUTATION='--measure all' does so again after tests changed, and
# MUTATION='--survivors core' judges what survived in core once more. SERVERS=1 lets the tests of servers judge, too.
BASE ?= origin/main
mutation: $(READY)  ## mutants of all of src, hours; stop it at will, it goes on from there; CHANGED=1: of what is not as in BASE, minutes
	@$(if $(SERVERS),,CONNECTEAM_SYNC_TEST_DATABASES=) CONNECTEAM_SYNC_HISTORIES=600 CONNECTEAM_SYNC_CROWDS=4 PYTHONPATH=tools \
	  $(BIN)/python -m mutation $(if $(or $(CHANGED),$(filter CHANGED,$(MAKECMDGOALS))),--changed $(BASE)) $(MUTATION)

CHANGED:
	@:

coverage: $(READY)  ## branch coverage of the planner; less than all of it fails
	@CONNECTEAM_SYNC_TEST_DATABASES= CONNECTEAM_SYNC_HISTORIES=1000 $(BIN)/coverage run --branch --source=src/connecteam_sync/core -m pytest -q -n0 tests/core tests/golden tests/attack/test_adopt*.py tests/attack/test_damaged.py tests/attack/test_stopped.py
	@$(BIN)/coverage report --show-missing --fail-under=100

# The benchmark's packages have a venv of their own. mysqlclient is built from source, which needs the client's headers
# (Debian: default-libmysqlclient-dev, pkg-config, a C compiler).
BENCH := .venv-bench
BENCH_READY := $(BENCH)/.ready
$(BENCH_READY): benchmarks/requirements.lock benchmarks/mysqlclient.lock pyproject.toml
	@echo "Setting up $(BENCH) (once, about two minutes) ..." >&2
	@$(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement benchmarks/requirements.lock
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement benchmarks/mysqlclient.lock \
	  || echo "WITHOUT mysqlclient: it could not be built here; the benchmark uses PyMySQL. Debian has the headers in default-libmysqlclient-dev" >&2
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(BENCH_READY)

# The C driver beside the others, for the tests that speak to MySQL and MariaDB; one package, and only where it can be built.
DRIVER := .venv-mysqlclient
$(DRIVER)/.ready: benchmarks/mysqlclient.lock $(READY)
	@rm -rf $(DRIVER)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --target $(DRIVER) --requirement benchmarks/mysqlclient.lock
	@touch $(DRIVER)/.ready

BY_C := mariadb=mysql+mysqldb://root@127.0.0.1:3306 mysql=mysql+mysqldb://root@127.0.0.1:3307
mysqlclient: $(DRIVER)/.ready  ## the store, the round trips and TLS by the C driver of MySQL (needs its headers and a compiler)
	@PYTHONPATH=$(CURDIR)/$(DRIVER) CONNECTEAM_SYNC_TEST_DATABASES="$(BY_C)" $(BIN)/python -m pytest -q tests/store/test_store.py tests/test_connections.py -k "not postgres and not sqlite and not idle and not sockets"

SIZES ?= 500 10000 100000 1000000
bench: $(BENCH_READY)  ## a working day, and 500 to a million shifts, against the floor and peers; under 2 hours, stopped it goes on; writes docs/performance.md
	@$(BENCH)/bin/python -m compileall -q src
	@$(BENCH)/bin/python benchmarks/bench.py --sizes "$(SIZES)" $(BENCHMARK)

lint: $(READY)  ## ruff: style and likely mistakes
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(READY)  ## mypy, strict
	@$(BIN)/mypy

check: lint types test  ## lint, types and test

SCREENSHOTS ?= .screenshots
screenshots: $(READY)  ## the pictures of docs/console.md, of the demo (needs chromium); ALL=1: every page, light, dark, narrow, printed, into .screenshots
	@PYTHONPATH=tools $(BIN)/python -m screenshots $(if $(ALL),--all $(SCREENSHOTS))

man: $(READY)  ## the man page, from the help of the command; writes docs/connecteam-sync.1
	@$(BIN)/python tools/manpage.py

evening: $(READY)  ## the evening of payroll through the real command line; writes docs/evening.md
	@$(BIN)/python tools/evening.py

# The moment of the commit stands for that of the build, so that the same commit gives the same bytes.
dist: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 1580601600)
dist: $(READY)  ## the sdist, the wheel and their bill of materials (CycloneDX), the same bytes each time; writes dist/
	@rm -rf dist
	@$(BIN)/python -m hatchling build --directory dist >/dev/null
	@$(BIN)/python tools/sbom.py dist
	@ls dist

PINNED := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
  --no-header --quiet --upgrade --output-file
lock:  ## pin the dependencies anew (needs uv)
	uv pip compile pyproject.toml --group dev $(PINNED) requirements.lock
	uv pip compile pyproject.toml benchmarks/requirements.in --constraint requirements.lock $(PINNED) benchmarks/requirements.lock
	uv pip compile benchmarks/mysqlclient.in $(PINNED) benchmarks/mysqlclient.lock

clean:  ## remove what `make` made
	rm -rf $(VENV) $(BENCH) $(DRIVER) .mypy_cache .pytest_cache .ruff_cache .hypothesis .mutation .screenshots dist
