# The newcomer's two commands are `make demo` and `make test`; both set up what they need.
PYTHON ?= python3
BIN := .venv/bin
PIP_FLAGS := --quiet --disable-pip-version-check

.PHONY: setup setup-sdks demo lint test test-thorough bench docs clean

setup: .venv/ready

.venv/ready: pyproject.toml requirements/dev.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Clary needs Python 3.11 or newer; run make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install $(PIP_FLAGS) -r requirements/dev.txt
	$(BIN)/pip install $(PIP_FLAGS) --no-deps -e .
	touch $@

# The clients that Clary is tested with, each in an environment of its own, as a user has them.
setup-sdks: .venvs/sdk2/ready .venvs/sdk3/ready .venvs/cli/ready .venvs/s3clients/ready

.venvs/%/ready: requirements/%.txt
	$(PYTHON) -m venv .venvs/$*
	.venvs/$*/bin/pip install $(PIP_FLAGS) -r $<
	touch $@

demo: setup
	$(BIN)/clary run -- $(BIN)/python examples/train_and_deploy.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: setup setup-sdks
	$(BIN)/pytest -n 2 --dist worksteal

test-thorough: setup setup-sdks
	CLARY_THOROUGH=1 $(BIN)/pytest -n 2 --dist worksteal

# s3rver, a peer of S3's large objects, comes from npm; without it those figures are not measured.
.venvs/bench-node/ready: .venvs/bench/ready
	npm install --silent --prefix .venvs/bench-node s3rver@3.7.1 || true
	mkdir -p .venvs/bench-node && touch $@

bench: setup .venvs/bench/ready .venvs/bench-node/ready
	$(BIN)/python -m benchmarks

docs: setup
	$(BIN)/python -m clary.reference

clean:
	rm -rf .venv .venvs
