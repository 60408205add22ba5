# make setup    virtual environment with the locked dependencies, and Kafka where Java and Maven are found
# make demo     the whole system on this machine, replaying 14 July 2022:  make demo ARGS="--once --out windows.ndjson"
# make test     every test, on a real Kafka too:                           make test ARGS="tests/unit -k watermark"
# make check    format, lint, types, import rules, then every test: exactly what has to hold before a change goes in
# make picture  docs/img/demo.svg, drawn from a run of the demo
# make bench    how many events a second, measured on a real Kafka
# make bench-detection     what the detector finds and opens falsely, beside reference rules: docs/detection.md
# make pictures-detection  the pictures of docs/detection.md

SHELL := /bin/sh
BIN := .venv/bin
ARGS ?=
# Two processes, on two cores; PARALLEL= runs everything in one, as a debugger needs it.
PARALLEL ?= -n 2 --dist loadgroup --no-loadscope-reorder

.PHONY: setup demo test check lint picture bench bench-detection pictures-detection

setup:
	@bash scripts/setup.sh

demo: setup
	@$(BIN)/outages demo $(ARGS)

test: setup
	@$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

lint: setup
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --strict streams tests scripts docs/examples
	@$(BIN)/lint-imports --no-cache

check: lint
	@$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

picture: setup
	@$(BIN)/python -m scripts.picture $(ARGS)

bench: setup
	@$(BIN)/python -m tests.bench $(ARGS)

bench-detection: setup
	@$(BIN)/python -m tests.bench.detection --write $(ARGS)

pictures-detection: setup
	@$(BIN)/python -m scripts.detection_pictures $(ARGS)
