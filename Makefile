PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: demo test quick lint plots results benchmark clean

demo: .venv/installed  ## run one experiment and show its table
	$(BIN)/python -m zoo run activation --seeds 3 --epochs 20 --learning-rates 0.01,0.03,0.1

test: lint  ## lint, types and all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

quick: lint  ## the same without the tests that train for long
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

plots: .venv/installed  ## draw every comparison plot again from results/
	$(BIN)/python -m zoo plot --all

results: .venv/installed  ## run every experiment at its default size
	$(BIN)/python -m zoo run --all

benchmark: .venv/installed  ## what a run-step costs, beside model.fit and bare matrix products; what callbacks add
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.callbacks

.venv/installed: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache
