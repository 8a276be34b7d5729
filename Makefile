# Doors: `make study` (from nothing to the paper), `make verify` (the same numbers again?), `make docs`, `make test-quick`,
# `make test`, `make check` (all that CI checks). `make help` lists them all.
# CONFIG=config/<study>.yaml chooses another study. PYTHON=python3.12 another interpreter.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
CONFIG ?= config/demo.yaml
UV := 0.13.9
BIN := .venv/bin

# uv does not read pip's own variable for a folder of local wheels.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
# Torch's build without CUDA, a tenth of the download, where no NVIDIA device is seen. TORCH_BACKEND=auto or
# cu130 chooses another; TORCH_BACKEND= takes the package registry's, as does whoever names a folder of wheels.
TORCH_BACKEND ?= $(if $(UV_FIND_LINKS)$(wildcard /dev/nvidiactl),,cpu)
# MkDocs Material prints news of its makers at each build.
export NO_MKDOCS_2_WARNING := 1
export HF_HOME ?= $(CURDIR)/.cache/huggingface
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Some containers set it. A process that finds no compiled modules compiles torch's and
# transformers' from source: it starts in twice the time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: study figures help docs verify renew-verify verify-tables test test-quick check format bench bench-adapterhub clean
.NOTPARALLEL:  # with -j, verify and verify-tables would share a folder; each target uses all cores by itself
study: .venv/ready ## from nothing to the paper of CONFIG, config/demo.yaml if left out
	snakemake --cores all --configfile $(CONFIG)

help: ## this list
	@awk -F ':.*## ' '/^[a-z].*:.*## / {printf "make %-22s %s\n", $$1, $$2}' Makefile

figures: .venv/ready ## CONFIG's tables, figures and paper from the records at hand
	snakemake --cores all figures --configfile $(CONFIG)

# docs/verify.md: trains a small study anew, on processors alone, and compares it with stored numbers, which
# renew-verify replaces; then verify-tables.
verify renew-verify: .venv/ready ## does a small study give the stored numbers again? / store others
	rm -rf runs/verify
	CUDA_VISIBLE_DEVICES= snakemake train --cores all --configfile config/verify.yaml
	tuning-curves verify --study config/verify.yaml --stored config/verify.json $(if $(filter renew-verify,$@),--renew)
	$(MAKE) verify-tables

# They must come out byte for byte. scores.csv is laid out from one of them, as their Markdown is. A folder with nothing
# but links to config/ and results/ keeps out what this clone has trained itself.
archived = $(foreach records,$(wildcard results/*/records),$(if $(wildcard $(records:records=tables)),$(records:results/%/records=%)))
verify-tables: .venv/ready ## the tables of every archived study, made again from its records
	rm -rf runs/archived
	mkdir -p runs/archived
	ln -s ../../config ../../results runs/archived
	@set -e; cd runs/archived; for study in $(archived); do \
		tuning-curves analyse --study config/$$study.yaml --claims config/claims.yaml --out $$study \
			--recorded $$(find results/$$study/records -name "*.json" | wc -l); \
		diff -r -x "*.md" -x scores.csv $$study results/$$study/tables || { echo "error: results/$$study/tables is not" \
			"what its archived records give; make figures CONFIG=config/$$study.yaml after tuning-curves archive" >&2; exit 1; }; \
		echo "results/$$study/tables: made again, byte for byte"; done

# `python -m mkdocs serve` shows it while it is edited. With --quiet it would count no warnings, and be strict no more.
docs: .venv/docs-ready ## the site of the documentation: open site/index.html
	python -m mkdocs build

test: .venv/dev-ready ## every test
	snakemake --cores 1 --quiet all --until fetch_encoder
	pytest -n auto --dist worksteal

# Everything without a Snakemake, Slurm, hub or fault run, and without what is marked slow (CONTRIBUTING.md).
test-quick: .venv/dev-ready ## the tests that are quick
	pytest -n auto --dist worksteal -m "not workflow and not cluster and not faults and not hub and not slow"

check: test verify-tables ## all that continuous integration checks
	pytest --base-sized tests/hub/test_base_study.py    # 440 MB and a minute and a half of one core
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	snakefmt --check Snakefile workflow/rules/*.smk
	snakemake --lint
	snakemake --dry-run --quiet all
	python -m mkdocs build
	git diff --check

format: .venv/dev-ready ## mend by machine what can be
	ruff check --fix .
	ruff format .
	snakefmt Snakefile workflow/rules/*.smk

# make bench ONLY="full-fp32 start-up" measures these rows; ROUNDS, SECONDS, OUT and WHOLE=1 as in
# `python -m benchmarks --help`; DATA names the folder of cola/ and ud-english-ewt/; STRICT=1 fails where a ratio fell since the last committed results.
bench: .venv/ready ## measure (docs/benchmarks.md)
	snakemake --cores 1 --quiet all --until fetch_encoder
	python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
	  $(if $(SECONDS),--seconds $(SECONDS)) $(if $(OUT),--out $(OUT)) \
	  $(if $(DATA),--data $(DATA)) \
	  $(if $(WHOLE),--whole) $(if $(STRICT),--strict)

# AdapterHub's library pins an older transformers: an environment of its own, for one row.
bench-adapterhub: .venv/python ## an environment for one row of them
	$(BIN)/uv venv --python $(PYTHON) .envs/adapterhub
	VIRTUAL_ENV=.envs/adapterhub $(BIN)/uv pip install \
	  $(if $(TORCH_BACKEND),--torch-backend $(TORCH_BACKEND)) -r benchmarks/peers/adapterhub.txt

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is older than 3.11; say make PYTHON=python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { echo "error: $(PYTHON) lacks venv; on Debian: apt install python3-venv" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	touch $@

.venv/ready: .venv/python requirements.txt constraints.txt pyproject.toml
	VIRTUAL_ENV=.venv $(BIN)/uv pip install $(if $(TORCH_BACKEND),--torch-backend $(TORCH_BACKEND)) -r requirements.txt
	touch $@

.venv/docs-ready: .venv/ready requirements-docs.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip install $(if $(TORCH_BACKEND),--torch-backend $(TORCH_BACKEND)) -r requirements-docs.txt
	touch $@

.venv/dev-ready: .venv/ready requirements-dev.txt requirements-docs.txt
	VIRTUAL_ENV=.venv $(BIN)/uv pip install $(if $(TORCH_BACKEND),--torch-backend $(TORCH_BACKEND)) -r requirements-dev.txt
	touch $@

# Leaves records, archived or fresh, alone.
clean: ## remove environments, caches and what was fetched
	rm -rf .venv .envs .snakemake .cache .*_cache .hypothesis build dist site
	rm -rf runs/windows runs/activations resources
