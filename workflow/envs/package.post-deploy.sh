#!/usr/bin/env bash
# Snakemake runs this in the environment that it has made, from the project's folder. It makes a new one where this
# file changes, so here is what is locked: cat requirements.txt constraints.txt | sha256sum
# 70ecd00c16676ab0fa15f78fd4ac3323d04336c4902be4b5f2679c3d2873029b
set -euo pipefail
python -m pip install --quiet --requirement requirements.txt
