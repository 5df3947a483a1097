# The two commands that do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test test-all install lint types contracts tests system-libraries clean

demo: install
	$(BIN)/vlm-explorer demo

test: install-test lint types contracts tests

install: $(VENV)/.installed
install-test: $(VENV)/.installed-test

$(VENV)/.installed: pyproject.toml | system-libraries
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet torch torchvision
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

# On Linux, what Qt loads and a font; elsewhere nothing is missing.
system-libraries:
	@sh installer/system_libraries.sh

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

contracts:
	$(BIN)/lint-imports

tests:
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n auto -m "not slow"

# with full-size checkpoints, training, killed runs and every kind of encoder: before a release
test-all: install-test lint types contracts
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n auto

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
