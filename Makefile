# make demo      the whole workflow on embedded data, into results/demo (no download but the packages)
# make test      the tests of the library, and a tiny study run for real: ten minutes on two cores, no data needed
# make test-all  all tests, also on real images, in a browser, on SLURM and with kills: 35 minutes on two cores
# make check     formatters, linters, layers of imports and types: two minutes
# make faults    50 random kills, 30 random edits and 100 mutations of each config: 70 minutes (FAULTS=10: a fifth of it)
# make bench     speed, error and memory beside named peers, into docs/benchmarks.md (an hour)
# make docs      these pages and the reference of the library as a site, into build/site: any static host can serve it
# make lock      the exact versions of all packages, into the lock files; no version changes if it need not

PYTHON ?= python3
BIN := .venv/bin
# Tests of one file run one after the other and share what the file makes; files run side by side, the first ones first.
PYTEST := $(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadscope --no-loadscope-reorder

.PHONY: demo test test-all faults check bench docs lock clean

demo: .venv/ready
	$(BIN)/repdrift run --study demo
	@echo
	@echo "Open results/demo/report.html in a browser. The figures are in results/demo/figures/, and what they are drawn"
	@echo "from is in results/demo/tables/. docs/index.md says which question each figure answers."

test: .venv/ready
	$(PYTEST) -m "not real_images" tests/workflow tests/unit

# The longest first.
test-all: .venv/ready
	$(PYTEST) tests/cluster tests/thorough tests/workflow tests/unit

# `make test-all` runs the same tests with a few faults each.
FAULTS ?= 50
RANDOM := $(addprefix tests/thorough/test_random_,kills.py edits.py) tests/thorough/test_mutated_configs.py
faults: .venv/ready
	REPDRIFT_FAULTS=$(FAULTS) $(PYTEST) -s -rA $(RANDOM)

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/snakemake --lint --configfile presets/demo.yaml
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

docs: .venv/ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "Made: build/site/index.html"

# Versions for all systems and Python versions, with hashes, which pip then demands. What a lock file has already is
# kept if it still fits: `make lock UPGRADE=--upgrade` takes the newest versions.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	$(UPGRADE) pyproject.toml --extra cluster --extra dev
# Packages that need CUDA, and those that the build of torch for processors alone brings in their place.
CUDA = $(addprefix --no-emit-package ,$(shell grep -oE '^(torch|torchvision|triton|cuda-[a-z-]+|nvidia-[a-z0-9-]+)=' \
	requirements.lock | tr -d = | sort -u))

lock: .venv/ready
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --extra bench --output-file requirements-bench.lock
	cp requirements.lock requirements-cpu.lock
	$(COMPILE) $(CUDA) --output-file requirements-cpu.lock

bench: .venv/peers
	$(BIN)/python -m tests.benchmarks --output docs/benchmarks.md

# The stamp is written last, so that an interrupted installation starts again.
.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

# The packages that the benchmarks compare with. Some tests use them as references.
.venv/peers: requirements-bench.lock .venv/ready
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements-bench.lock
	touch $@

clean:
	rm -rf .venv .snakemake
