# The workflow is workflow/Snakefile, which Snakemake's catalog reads; `snakemake` finds it from here.
include: "workflow/Snakefile"
