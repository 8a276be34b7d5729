# In: every record of the study, archived or fresh; each is checked against the study.
# Out: runs/<study>/collected/: a table of runs and one of biases, for people.
rule collect_runs:
    """Check the study's records, refuse what is not the study's, and export them as tables"""
    input:
        markers=chunk_markers,
        records=records_at_hand,
        code=f"{CODE}/analysis/runs.py",
    output:
        runs=f"runs/{STUDY.name}/collected/runs.csv",
        biases=f"runs/{STUDY.name}/collected/biases.csv",
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
