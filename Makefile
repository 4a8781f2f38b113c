# On a fresh Debian or Ubuntu, `make test` needs Swift, git, make and python3; `deps` installs the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: deps packages build release test build-tests unit worker simulate conformance peers kit chaos soak fuzz sanitize \
  suite containers demo docs bench micro api format lint clean

SWIFT ?= swift
PYTHON := .venv/bin/python
# Swift's libraries are linked statically: calling the runtime directly saves a tenth of a task's time.
RELEASE := -c release --static-swift-stdlib
# Text files for `make demo`; by default the program chooses.
FILES ?=
# Arguments for Benchmarks/run.py, for example BENCH="--rounds 5 --mode latency" or BENCH=--publish.
BENCH ?=
# Arguments for Benchmarks/micro.py, for example MICRO=--update.
MICRO ?=
# How long `make chaos`, `make soak` and each part of `make fuzz` last, and which random run: printed by each.
MINUTES ?=
SEED ?=
# Faults and their weights for `make chaos`, and how many kills there have to be in each of its scenes that has them.
FAULTS ?=
KILLS ?=
# Parts of `make fuzz`; by default all.
TARGETS ?= header json pickle apply connectionFile configuration commandLine statements multipart hub controller
# Sanitizers and tests for `make sanitize`.
SANITIZERS ?= address thread
TESTS ?= .
# Arguments for Tests/Kit/run.py, for example KIT=martlet-engine, KIT=--all or KIT=--publish.
KIT ?=
# How many runs `make simulate` makes.
RUNS ?= 100000
# What the tests of launchers need, on Linux: sshds and hosts for them, Open MPI, Slurm, Grid Engine.
LAUNCHERS := openssh-server openssh-client iproute2 openmpi-bin slurmctld slurmd slurm-client munge \
  gridengine-master gridengine-exec gridengine-client
# What `make containers` needs, on Linux and as root.
CONTAINERS := docker.io docker-compose debootstrap binutils
# All that tests need besides.
TOOLS := valgrind $(if $(filter Linux,$(shell uname)),$(LAUNCHERS))
# The tests that are built. Where they are a program of their own, SwiftPM, which locks the build, can do something else.
SWIFT_TEST = $(if $(filter Linux,$(shell uname)),.build/debug/martletPackageTests.xctest --testing-library \
  swift-testing,$(SWIFT) test --ignore-lock --skip-build)
# Their modules that take half the time, and compute most.
HALF := ^(Controller|Wire|ZeroMQ|Client)Tests\.
# The modules of the reference.
DOCUMENTED := Martlet MartletClient MartletCluster MartletEngine MartletTesting MartletWire
SOURCES := $(wildcard Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources)

export MARTLET_BIN_DIR ?= $(CURDIR)/.build/debug
export PYTHONDONTWRITEBYTECODE := 1

packages:
	@.ci/deps packages

deps: packages
	@.ci/deps venv .venv Tests/Conformance/requirements.txt

build: packages
	@echo "build: debug"
	@$(SWIFT) build

release: packages
	@echo "build: release"
	@$(SWIFT) build $(RELEASE)

# What tests need is installed while everything is built, and what only computes, and needs SwiftPM, runs beside the tests,
# which don't need it any more.
test: packages
	@mkdir -p .build
	@{ .ci/deps packages $(TOOLS) && $(MAKE) --no-print-directory deps; } > .build/deps.log 2>&1 & installing=$$!; \
	  $(MAKE) --no-print-directory lint build-tests || failed=1; \
	  wait $$installing || failed=1; \
	  cat .build/deps.log; [ -z "$${failed:-}" ] || exit 1
	@$(MAKE) --no-print-directory IS_BUILT=1 RUNS= simulate
	@nice -n 19 $(MAKE) --no-print-directory docs micro > .build/micro.log 2>&1 & beside=$$!; \
	  $(MAKE) --no-print-directory IS_BUILT=1 unit peers chaos kit suite || failed=1; \
	  wait $$beside || failed=1; \
	  cat .build/micro.log; [ -z "$${failed:-}" ] || { echo "test: failed, see above"; exit 1; }
	@echo "test: all passed"

build-tests: packages
ifndef IS_BUILT
	@echo "build: debug, with tests"
	@$(SWIFT) build --build-tests
endif

# The environment variables enable the Swift client's tests with Python engines. What computes runs beside what waits for
# processes, and the Python worker's own tests with it. Failures are repeated at the end, after thousands of lines about
# passed tests.
unit: export MARTLET_PYTHON := $(CURDIR)/$(PYTHON)
unit: export MARTLET_CONTROLLER := $(MARTLET_BIN_DIR)/martlet controller
unit: deps build-tests
	@echo "test: unit and integration"
	@{ $(MAKE) --no-print-directory IS_BUILT=1 worker || failed=1; \
	    $(SWIFT_TEST) --no-parallel --filter '$(HALF)' || failed=1; \
	    echo "test: the Swift client with Python code on martlet's engines"; \
	    MARTLET_ENGINE="$(MARTLET_BIN_DIR)/martlet engine" \
	      $(SWIFT_TEST) --no-parallel --filter 'ClientTests.Python(Engine|Code)Tests' || failed=1; \
	    [ -z "$${failed:-}" ]; } > .build/unit-half.log 2>&1 & half=$$!; \
	  $(SWIFT_TEST) --no-parallel --skip '$(HALF)|SimulationTests' | tee .build/unit.log || failed=1; \
	  wait $$half || failed=1; \
	  cat .build/unit-half.log; [ -z "$${failed:-}" ] || \
	    { echo "test: failed:"; grep -h -A 5 -E 'recorded an issue|^(FAILED|ERROR) ' .build/unit.log .build/unit-half.log; exit 1; }

worker: deps build-tests
	@echo "test: the Python worker by itself"
	@$(PYTHON) -m pytest -c Tests/Conformance/pytest.ini Tests/Worker

# RUNS=1000000 for many runs, RUNS= for those of `make test`, SEED=… to repeat one.
simulate: deps build-tests
	@echo "test: the simulation"
	@SIMULATION_RUNS="$(RUNS)" SIMULATION_SEED="$(SEED)" SWIFT_DETERMINISTIC_HASHING=1 \
	  $(SWIFT_TEST) --filter SimulationTests

# Tests with real Python peers: this project's, the conformance kit, then ipyparallel's own suite.
conformance: peers kit suite

peers: deps build-tests
	@if [ "$$(uname)" = Linux ]; then .ci/deps packages $(LAUNCHERS); fi
	@echo "test: conformance with Python peers"
	@$(PYTHON) -m pytest -c Tests/Conformance/pytest.ini -n auto --dist worksteal Tests/Conformance

# The conformance kit: its own tests, then our parts and ipyparallel's. Logs and the table stay in .build/kit.
kit: deps build-tests
	@echo "test: conformance of controllers, engines and clients"
	@$(PYTHON) Tests/Kit/run.py $(KIT)

# Images of Docker/ and clusters of containers, with the programs of a release build. It starts Docker's daemon if none runs,
# and needs Debian's mirrors and PyPI. Images stay, so that the next time takes a minute.
containers: deps release
	@.ci/deps packages $(CONTAINERS)
	@$(SWIFT) build $(RELEASE) --product martlet $$(python3 Docker/small-icu.py "$(CURDIR)/.build/icu.o")
	@echo "test: containers"
	@MARTLET_BIN_DIR="$(CURDIR)/.build/release" \
	  $(PYTHON) -m pytest -c Tests/Conformance/pytest.ini -o timeout=1800 Tests/Containers -s

# MINUTES=30 or KILLS=1000 for a long run, SEED=… to repeat one, FAULTS=engine_kill=10,engine_reset=1 for other faults than
# usual.
chaos: deps build-tests
	@if [ "$$(uname)" = Linux ]; then .ci/deps packages iproute2; fi
	@echo "test: chaos"
	@CHAOS_MINUTES="$(MINUTES)" CHAOS_KILLS="$(KILLS)" CHAOS_SEED="$(SEED)" CHAOS_FAULTS="$(FAULTS)" \
	  $(PYTHON) -m pytest -c Tests/Conformance/pytest.ini Tests/Chaos -s

# MINUTES=60 for an hour.
soak: deps build-tests
	@SOAK_MINUTES="$(MINUTES)" $(PYTHON) -m pytest -c Tests/Conformance/pytest.ini Tests/Chaos/test_soak.py -s

# The readers of bytes from outside, each by itself under libFuzzer, then a whole controller. What a run adds to the seeds
# stays in .build/corpus, and so does an input that fails.
fuzz: deps build-tests
	@echo "fuzz: building"
	@$(SWIFT) build --package-path Tests/Fuzz --scratch-path .build/fuzz --product fuzz \
	  -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld
	@for target in $(TARGETS); do \
	  echo "fuzz: $$target"; mkdir -p .build/corpus/$$target; \
	  FUZZ_TARGET=$$target SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 .build/fuzz/debug/fuzz \
	    -max_total_time=$$(awk 'BEGIN { print int(60 * ("$(MINUTES)" + 0 ? "$(MINUTES)" : 0.1)) }') -timeout=10 \
	    -rss_limit_mb=4096 -verbosity=0 -print_final_stats=1 -artifact_prefix=.build/corpus/$$target- \
	    .build/corpus/$$target Tests/Fuzz/Seeds/$$target; \
	done
	@FUZZ_MINUTES="$(MINUTES)" FUZZ_SEED="$(SEED)" \
	  $(PYTHON) -m pytest -c Tests/Conformance/pytest.ini Tests/Chaos/test_fuzz.py -s

# CONTRIBUTING.md says what is left out, and why.
sanitize: deps
	@for kind in $(SANITIZERS); do Tests/Sanitizers/run $$kind '$(TESTS)'; done

# Both at a time: they mostly wait.
suite: deps build-tests
	@if [ "$$(uname)" = Linux ]; then .ci/deps packages $(LAUNCHERS); fi
	@echo "test: ipyparallel's own suite on martlet's controller, and on its controller and engines"
	@$(PYTHON) Tests/Conformance/ipyparallel_suite/run_suite.py > .build/suite.log 2>&1 & controller=$$!; \
	  $(PYTHON) Tests/Conformance/ipyparallel_suite/run_suite.py --engines || failed=1; \
	  wait $$controller || failed=1; \
	  cat .build/suite.log; exit $${failed:-0}

demo: release
	@.build/release/MartletWordCount --engines 4 $(FILES)

# The articles and the reference of what users import, as a website in .build/docs.
docs: packages
	@echo "docs: building"
	@$(SWIFT) package --allow-writing-to-directory .build/docs generate-documentation \
	  --enable-experimental-combined-documentation $(addprefix --target ,$(DOCUMENTED)) --output-path .build/docs \
	  > .build/docs.log 2>&1 || { cat .build/docs.log; exit 1; }
	@echo "docs: .build/docs"

# The benchmark package builds into the same folder, so shared dependencies are compiled once.
bench: packages
	@echo "bench: building"
	@.ci/deps venv Benchmarks/.venv Benchmarks/requirements.txt & venv=$$!; \
	mkdir -p Benchmarks/.build; \
	cc -std=c11 -O2 -o Benchmarks/.build/chain Benchmarks/raw/chain.c -lzmq; \
	$(SWIFT) build $(RELEASE) --package-path Benchmarks --scratch-path .build --product martlet; \
	$(SWIFT) build $(RELEASE) --package-path Benchmarks --scratch-path .build; \
	wait $$venv
	@.ci/deps packages valgrind openssh-server openssh-client iproute2
	@echo "bench: running"
	@Benchmarks/.venv/bin/python Benchmarks/run.py $(BENCH)

# Compares instruction counts of small operations with Benchmarks/thresholds.json; MICRO=--update updates the file.
micro: packages
	@.ci/deps packages valgrind
	@echo "micro: building"
	@$(SWIFT) build $(RELEASE) --package-path Benchmarks --scratch-path .build --product micro-bench
	@echo "micro: running"
	@python3 Benchmarks/micro.py .build/release/micro-bench $(MICRO)

# Writes down what the library products declare, in Tests/API, which a test compares.
api: build-tests
	@MARTLET_API=write $(SWIFT) test --skip-build --filter MartletTests.PublicInterfaceTests

format:
	@$(SWIFT) format format --in-place --recursive --parallel $(SOURCES)

lint:
	@echo "test: format"
	@$(SWIFT) format lint --strict --recursive --parallel $(SOURCES)

clean:
	@rm -rf .build .venv Benchmarks/.build Benchmarks/.venv Benchmarks/results
	@find Tests Benchmarks -name __pycache__ -prune -exec rm -rf {} +
