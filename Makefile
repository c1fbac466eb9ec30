# Everything that a developer of Belfry does often. Python packages go into .venv from the locks in
# requirements/; what pip cannot bring, scripts/system-packages does.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" $(ARGS) pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help up test compose-test docker-test lint bench chaos package lock

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(VENV)/local.installed ## start everything on this machine (ARGS="--port 9000" for another port)
	@scripts/system-packages up $(if $(filter --rabbitmq --reload process --isolation=process,$(ARGS)),rabbitmq)
	@exec $(BIN)/belfry up $(ARGS)

test: $(VENV)/all.installed ## run all tests, on a real MongoDB and in Chromium (ARGS="-k inbox" for some)
	@scripts/system-packages test
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

compose-test: $(VENV)/all.installed ## build, start and test docker-compose.yml, two minutes; needs Docker
	@$(BIN)/python -m pytest -m compose tests/compose $(ARGS)

docker-test: $(VENV)/all.installed ## run the packaged functions in containers, as Lambda does; needs Docker
	@scripts/system-packages up rabbitmq
	@$(BIN)/python -m pytest -m docker tests/infra/test_container.py $(ARGS)

lint: $(VENV)/all.installed ## check style, types and who imports whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --cache-dir .import_linter_cache

bench: $(VENV)/all.installed ## measure speed, memory and import times, beside references
	@scripts/system-packages bench
	@$(BIN)/python -m bench $(ARGS)

chaos: $(VENV)/all.installed ## kill and pause parts under load, and prove that nothing is lost
	@scripts/system-packages up rabbitmq
	@$(BIN)/python -m tests.chaos $(ARGS)

package: $(VENV)/deploy.installed ## make the zip and the template for AWS, under build/package (docs/deploy.md)
	@$(BIN)/belfry package $(ARGS)

lock: $(VENV)/all.installed ## pin all packages again from pyproject.toml (ARGS=--upgrade for newer ones)
	@$(LOCK) --all-extras --output-file requirements/all.txt
	@$(LOCK) --extra local --constraints requirements/all.txt --output-file requirements/local.txt
	@$(LOCK) --extra runner --constraints requirements/all.txt --output-file requirements/runner.txt
	@$(LOCK) --extra deploy --constraints requirements/all.txt --output-file requirements/deploy.txt
	@$(LOCK) --constraints requirements/all.txt --output-file requirements/functions.txt

# A stamp inside .venv is newer than its lock, or the lock is installed (again).
$(VENV)/%.installed: requirements/%.txt pyproject.toml | $(VENV)/made
	@echo "installing $< into $(VENV) (once per change of the lock, about a minute)"
	@$(BIN)/python -m pip install --disable-pip-version-check --no-input --require-hashes -r $<
	@$(BIN)/python -m pip install --disable-pip-version-check --no-input --quiet \
		--no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/made:
	@PYTHON="$(PYTHON)" scripts/system-packages python
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@
