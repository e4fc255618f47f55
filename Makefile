PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: demo test quick lint plots results benchmark clean

demo: .venv/installed  ## run one experiment small, eight seeds of three variants, and show its table and verdicts
	$(BIN)/python -m zoo run activation --variants sigmoid,tanh --epochs 20 --learning-rates 0.03,0.1,0.3,1

test: .venv/installed  ## lint, types and all tests
	$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync lint $(PARTS:%=tests-%)

quick: .venv/installed  ## the same without the tests that train for long
	$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync lint $(PARTS:%=tests-%) MARK="not slow"

# A process that has compiled some thousand programs runs out of memory maps, so each part has its own.
# The longest first, so that two at a time end together.
PARTS := others contract callbacks engine runner search
contract := tests/contract
engine := tests/engine tests/many
callbacks := tests/callbacks
runner := tests/runner
search := tests/search tests/test_tuner.py tests/figures tests/report
others := $(filter-out $(contract) $(engine) $(callbacks) $(runner) $(search),$(patsubst %/,%,$(wildcard tests/*/)) $(wildcard tests/test_*.py))

tests-%: .venv/installed
	$(BIN)/python -m pytest -m "$(MARK)" $($*)

# Its networks train for long enough that XLA's programs should be fast.
tests-contract: export XLA_FLAGS :=

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

plots: .venv/installed  ## draw every comparison plot again from results/
	$(BIN)/python -m zoo plot --all

results: .venv/installed  ## run every experiment at its default size
	$(BIN)/python -m zoo run --all

benchmark: .venv/installed  ## what a run-step costs, beside model.fit and bare matrix products; what whole commands take; what callbacks add; what large data take
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.commands
	$(BIN)/python -m benchmarks.callbacks
	$(BIN)/python -m benchmarks.search
	$(BIN)/python -m benchmarks.size

.venv/installed: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache
