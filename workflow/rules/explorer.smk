# In: the tables and records of every study that has both a file in config/ and results.
# Out: results/explorer.html, by name only: `snakemake --cores all build_explorer`.
rule build_explorer:
    """Build one page to look at the results of all studies"""
    input:
        code=analysis_code() + report_code() + explorer_parts(),
    output:
        "results/explorer.html",
    log:
        PATHS.log("build_explorer"),
    localrule: True
    conda:
        "../envs/package.yaml"
    params:
        studies=explored_studies,
        sha256=explored_sha256,
    shell:
        "tuning-curves explore {params.studies:q} --out {output:q} 2>&1 | tee -i {log}"
