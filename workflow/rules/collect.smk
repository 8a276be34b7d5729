# In: every record of the study, archived or fresh; each is checked against the study.
# Out: runs/<study>/collected/: a table of runs and one of biases, for people.
rule collect_runs:
    """Check the study's records, refuse what is not the study's, and export them as tables"""
    input:
        markers=chunk_markers,
        records=records_at_hand,
        code=f"{CODE}/analysis/runs.py",
    output:
        runs=COLLECTED.runs,
        biases=COLLECTED.biases,
    log:
        PATHS.log("collect_runs"),
    localrule: True
    conda:
        "../envs/package.yaml"
    params:
        study=study_file,
        study_sha256=WORK.study_sha256,
        extent=extent,
    shell:
        "tuning-curves collect --study {params.study:q} {params.extent}"
        " --out $(dirname {output.runs:q}) 2>&1 | tee -i {log}"
