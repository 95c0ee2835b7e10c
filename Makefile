# make demo   an environment, then the whole main job with the real local model
# make test   an environment, then all tests that need nothing but this machine
# make check  lint, types, layers, formatting
# make bench  the benchmarks that take under five minutes
# make planners  every planner with the local model, for two hours; again to go on

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= out/demo
BENCHES := concurrency concurrent_dfsdt dag_makespan faults next_step overhead retrieval retrieval_scale tree_growth
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test check bench planners clean

demo: $(VENV)/.demo
	$(BIN)/toolgrove demo --out $(OUT)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not local_model and not browser and not train"

check: $(VENV)/.dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	@for name in $(BENCHES); do echo "== $$name"; $(BIN)/python benchmarks/$$name.py || exit 1; done

planners: $(VENV)/.dev
	$(BIN)/python benchmarks/planners.py --out out/planners --table benchmarks/planners.json

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q -e '.[local,world]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q -e '.[dev,local,world]'
	@touch $@

clean:
	rm -rf $(VENV) out build dist
