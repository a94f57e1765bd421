# make demo   the whole workflow on embedded data, into results/demo (no download but the packages)
# make test   the tests
# make check  formatters, linters and types
# make bench  speed, error and memory beside named peers, into docs/benchmarks.md (half an hour)

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench clean

demo: .venv/ready
	$(BIN)/snakemake --configfile presets/demo.yaml --quiet rules host
	@echo
	@echo "Made: results/demo/"
	@ls results/demo/figures/*.png results/demo/tables/*.csv

test: .venv/ready
	$(BIN)/python -m pytest

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/snakemake --lint --configfile presets/demo.yaml

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
