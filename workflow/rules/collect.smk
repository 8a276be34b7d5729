# In: every record of the study, archived or fresh; each is checked against the study.
# Out: runs/<study>/collected/: a table of runs, one of biases, a file of per-question outcomes.
rule collect_runs:
    """Gather the study's records into one table, and refuse what is not the study's"""
    input:
        markers=chunk_markers,
        records=records_at_hand,
        code=f"{CODE}/analysis/runs.py",
    output:
        runs=f"runs/{STUDY.name}/collected/runs.csv",
        biases=f"runs/{STUDY.name}/collected/biases.csv",
        outcomes=f"runs/{STUDY.name}/collected/outcomes.npz",
    log:
        f"runs/{STUDY.name}/logs/collect_runs.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        study=STUDY_JSON,
        extent=extent,
    shell:
        "tuning-curves collect --study-json {params.study:q} {params.extent}"
        " --out $(dirname {output.runs:q}) 2>&1 | tee -i {log}"
