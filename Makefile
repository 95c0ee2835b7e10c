# make demo   an environment, then the whole main job with the real local model
# make test   an environment, then all tests that need nothing but this machine
# make fuzz   the property tests, on examples drawn anew, many more of them
# make check  lint, types, layers, formatting
# make docs   the site of docs/, in out/site
# make bench  the benchmarks that take under five minutes
# make planners  every planner with the local model, for two hours; again to go on
# make policy  the local model trained on solved tasks, and measured, for twelve hours; again to go on
# make learning  what runs taught, and strategies, with the local model, for two hours; again to go on
# make newest  the tests of `make test`, on the newest versions that pyproject.toml allows
# make lock   constraints.txt anew, from the newest versions that pyproject.toml allows

PYTHON ?= python3
VENV ?= .venv
NEWEST ?= .venv-newest
BIN := $(VENV)/bin
OUT ?= out/demo
BENCHES := concurrency concurrent_dfsdt dag_makespan faults next_step overhead retrieval retrieval_scale tree_growth
INSTALL := $(BIN)/python -m pip install -q -c constraints.txt
TESTS := -n 2 --dist worksteal -m "not local_model and not browser and not train"
# folders of tests, where not all are wanted
PARTS ?=
# the release whose CPU build .ci/run takes: on Linux a newer one may bring several GB of CUDA
TORCH := 2.13.0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# without compiled files each worker, and each process of a test, would compile everything anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test fuzz check docs bench planners policy learning newest lock clean

demo: $(VENV)/.demo
	$(BIN)/toolgrove demo --out $(OUT)

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(TESTS) $(PARTS)

fuzz: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --hypothesis-profile=fuzz $$(grep -rl "^@given" tests)

check: $(VENV)/.dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.docs
	$(BIN)/zensical build --clean --strict

bench: $(VENV)/.dev
	@for name in $(BENCHES); do echo "== $$name"; $(BIN)/python benchmarks/$$name.py || exit 1; done

planners: $(VENV)/.dev
	$(BIN)/python benchmarks/planners.py --out out/planners --table benchmarks/planners.json \
		--split test-facts test-families --seed 88211 --per-group 20

policy: $(VENV)/.dev
	$(INSTALL) -e '.[train]'
	$(BIN)/python benchmarks/policy.py --out out/policy --table benchmarks/policy.json

learning: $(VENV)/.dev
	$(BIN)/python benchmarks/learning.py --out out/learning --table benchmarks/learning.json

newest:
	$(PYTHON) -m venv --clear $(NEWEST)
	$(NEWEST)/bin/python -m pip install -q -e '.[dev,local,world]'
	$(NEWEST)/bin/python tests/support/lock.py
	$(NEWEST)/bin/python -m pytest $(TESTS)

lock: | $(VENV)/bin/python
	$(BIN)/python -m pip install -q uv
	echo 'torch==$(TORCH)' | $(BIN)/python -m uv pip compile --quiet --upgrade --universal \
	  --python-version 3.11 --all-extras --constraint - --no-annotate --no-emit-index-url \
	  --custom-compile-command 'make lock' --output-file constraints.txt pyproject.toml

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) -e '.[local,world]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) -e '.[dev,local,world]'
	@touch $@

$(VENV)/.docs: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) -e '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) $(NEWEST) out build dist
