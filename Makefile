PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: demo test quick lint plots results benchmark clean

demo: .venv/installed  ## run one experiment and show its table
	$(BIN)/python -m zoo run activation --seeds 3 --epochs 20 --learning-rates 0.01,0.03,0.1

test: lint  ## lint, types and all tests
	$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync $(PARTS:%=tests-%)

quick: lint  ## the same without the tests that train for long
	$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync $(PARTS:%=tests-%) MARK="not slow"

# A process that has compiled some thousand programs runs out of memory maps, so each part has its own.
PARTS := contract early late measured engine callbacks
TESTS := $(wildcard tests/test_*.py)
contract := tests/test_contract.py
measured := $(wildcard tests/test_meas*.py)
engine := $(wildcard tests/test_engine_*.py) tests/test_many.py
callbacks := $(wildcard tests/test_callback_*.py tests/test_curve_*.py)
rest := $(sort $(filter-out $(contract) $(measured) $(engine) $(callbacks),$(TESTS)))
early := $(wordlist 1,20,$(rest))
late := $(filter-out $(early),$(rest))

tests-%: .venv/installed
	$(BIN)/python -m pytest -m "$(MARK)" $($*)

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
	$(BIN)/python -m benchmarks.search

.venv/installed: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache
