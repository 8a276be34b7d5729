#!/usr/bin/env bash
# Snakemake runs this in the environment that it has made, from the project's folder. It makes a new one where this
# file changes, so here is what is locked: cat requirements.txt constraints.txt | sha256sum
# 6d6f00edd9d7fe2bbab7e5e528dd595bf55b1df93fc4f3a5c8eb7a62119c0bf3
set -euo pipefail
python -m pip install --quiet --requirement requirements.txt
