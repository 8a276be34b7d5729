# In: every record of the study, archived or fresh; each is checked against the study.
# Out: runs/<study>/collected/: a table of runs, one of biases, a file of per-question outcomes.
rule collect_runs:
    """Gather the study's records into one table, and refuse what is not the study's"""
    input:
        markers=chunk_markers,
        records=records_at_hand,
        code=f"{CODE}/analysis/runs.py",
    output:
        runs=COLLECTED.runs,
        biases=COLLECTED.biases,
        outcomes=COLLECTED.outcomes,
    log:
        PATHS.log("collect_runs"),
    localrule: True
    conda:
        "../../environment.yml"
    params:
        study=study_file,
        study_sha256=WORK.study_sha256,
        extent=extent,
    shell:
        "tuning-curves collect --study {params.study:q} {params.extent}"
        " --out $(dirname {output.runs:q}) 2>&1 | tee -i {log}"
