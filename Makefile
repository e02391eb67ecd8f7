# simnet. Two targets matter to a newcomer: `make run` and `make test`. `make help` lists all.

SCENARIO ?= scenarios/byzantine.yaml
BIN      := .venv/bin
PIP      := $(BIN)/python scripts/python_packages.py
TESTS    ?= tests

# Without bytecode every process compiles all that it imports, 5 s of CPU each; some images and CI set this.
unexport PYTHONDONTWRITEBYTECODE

.DELETE_ON_ERROR:
.PHONY: help run test long lint types pytest format contracts slither models fingerprints emulated circuits lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: .venv/.run node_modules/.run ## run a scenario: make run SCENARIO=scenarios/byzantine.yaml
	$(BIN)/simnet run $(SCENARIO)

test: lint types pytest ## lint, types and tests

lint: .venv/.test ## ruff: lint and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/.test ## mypy --strict
	$(BIN)/mypy

pytest: .venv/.test node_modules/.test ## tests alone: make pytest TESTS=tests/chain/test_anvil.py
	$(BIN)/python -m pytest -n auto --dist worksteal $(TESTS)

long: .venv/.test node_modules/.test ## the tests that take longest: shipped scenarios, rows of simnet truth, real circuits, the official client
	$(BIN)/python -m pytest -m long -n auto --dist worksteal $(TESTS)

format: .venv/.test ## put the code into its standard form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

contracts: .venv/.run node_modules/.test ## compile chain/contracts into chain/artifacts
	$(BIN)/python -m chain.evm.compile

slither: .venv-slither/.made node_modules/.test ## static analysis of the contracts, in an environment of its own: make slither ARGS=--help
	$(BIN)/python scripts/slither.py $(ARGS)

models: .venv/.train ## train the model zoo anew
	$(BIN)/python -m nodes.models.train

# Environments. A stamp is newer than what it was made from, so an edited lock is installed at the next call.

.venv/.made:
	@python=$$(scripts/find-python $(PYTHON)) && echo "simnet: making .venv with $$python" && $$python -m venv --clear .venv
	@touch $@

.venv/.run: .venv/.made requirements/run.lock pyproject.toml
	@echo "simnet: installing Python packages"
	@$(PIP) --require-hashes -r requirements/run.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.test: .venv/.run requirements/test.lock
	@echo "simnet: installing what the tests need"
	@$(PIP) --require-hashes -r requirements/test.lock
	@touch $@

.venv/.zkml: .venv/.run
	@echo "simnet: installing what proofs of inference need"
	@$(PIP) --no-build-isolation --editable '.[zkml]'
	@touch $@

.venv-slither/.made: .venv/.made requirements/slither.lock
	@echo "simnet: installing slither"
	@$(BIN)/python -m venv --clear .venv-slither
	@.venv-slither/bin/python scripts/python_packages.py --require-hashes -r requirements/slither.lock
	@touch $@

.venv/.train: .venv/.test
	@echo "simnet: installing what training needs (PyTorch is large)"
	@$(PIP) --editable '.[train]'
	@touch $@

node_modules/.run: .venv/.made package-lock.json
	@echo "simnet: installing anvil"
	@scripts/node-packages --omit=dev
	@touch $@

node_modules/.test: .venv/.made package-lock.json
	@echo "simnet: installing anvil, solc and OpenZeppelin"
	@scripts/node-packages
	@touch node_modules/.run $@

fingerprints: .venv/.test ## the table of what models answer in portable arithmetic, anew
	$(BIN)/python -m nodes.models.fingerprints

emulated: .venv/.test ## hold that table against two older processors, emulated by qemu-user (some minutes)
	@command -v qemu-x86_64 >/dev/null || { echo "simnet: no qemu-x86_64 (Debian: apt-get install qemu-user)"; exit 1; }
	qemu-x86_64 -cpu Haswell,-pcid,-x2apic,-tsc-deadline,-hle,-invpcid,-rtm $(BIN)/python -m nodes.models.fingerprints --check --inputs 4
	qemu-x86_64 -cpu Nehalem $(BIN)/python -m nodes.models.fingerprints --check --inputs 4

circuits: .venv/.test ## make the zkml circuits anew; `make contracts` next
	$(BIN)/python -m nodes.proofs.circuits.make

lock: .venv/.test ## resolve the pinned dependencies anew
	scripts/lock

clean: ## remove everything that make made
	rm -rf .venv .venv-slither node_modules build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
