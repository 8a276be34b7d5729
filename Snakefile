# Tuning curves: which part of a pre-trained encoder to tune, by the number of labelled examples.
#
# Paths, one grammar:
#   resources/encoders/<name>-<pin>/          a fetched encoder and its manifest
#   resources/data/<name>-<pin>/              fetched questions and their manifest
#   runs/windows/<key>/                       windows, tokenised once for an encoder and a data set
#   runs/gpus/<gpu>-<worker>.lock             held by the process that trains there
#   runs/<study>/records/<method>/<run>.json  fresh records; results/<study>/records: archived ones
#   runs/<study>/study.json, jobs/<chunk>.json  the checked study and its chunks, as commands read them
#   runs/<study>/chunks/<chunk>.done          a chunk of runs has all its records
#   runs/<study>/collected/                   all runs of the study in one table
#   results/explorer.html                     all archived studies on one page
#   results/<study>/                          tables, figures, numbers and the paper
# src/tuning_curves/study/paths.py has them all.
from snakemake.utils import min_version

min_version("9.0")

if "study" not in config:

    configfile: "config/demo.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/windows.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/collect.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/explorer.smk"


localrules:
    all,
    figures,
    train,


rule all:
    """Train what has no record, then draw every table and figure and compile the paper"""
    default_target: True
    input:
        RESULTS.paper,


rule figures:
    """Draw tables, figures and paper from the records at hand, without any training"""
    input:
        RESULTS.paper,


rule train:
    """Train what has no record, and stop there"""
    input:
        chunk_markers,


onsuccess:
    print(closing_words())
