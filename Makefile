# lettvin. `make ask` asks one unit of a real network; `make test` runs the tests. Both set up .venv first, once.

TARGET   ?= efficientnet-lite0
UNIT     ?= _blocks.4:19
QUESTION ?= What makes this unit fire?

# A shim named python3.11 may stand for no interpreter: take the first that runs and is new enough.
NEW_ENOUGH = import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.11 python3 python; do $$p -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$p && break; done)

VENV := .venv
BIN  := $(VENV)/bin

.PHONY: ask test lint bench clean
.DELETE_ON_ERROR:

ask: $(VENV)/installed
	$(BIN)/lettvin ask "$(TARGET)" "$(UNIT)" "$(QUESTION)"

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n auto --dist loadfile --durations=20 --durations-min=5 $(TESTS)

# mypy finds the package only under its own name: a link of that name, out of the way, stands for the repository root.
lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	mkdir -p $(VENV)/types && ln -sfn ../.. $(VENV)/types/lettvin
	MYPYPATH=$(VENV)/types $(BIN)/mypy -p lettvin

bench: $(VENV)/installed
	$(BIN)/lettvin bench throughput

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "lettvin needs Python 3.11 or newer: put it on the PATH, or run make PYTHON=/its/path" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

# build/ is removed first: setuptools would copy what an earlier build left there.
$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	rm -rf build
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(VENV)/installed
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@
