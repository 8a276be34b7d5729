# In: the study's records, which collect_runs has checked, and the claims that it is judged by.
# Out: results/<study>/tables/*.csv, which are committed: bytes do not depend on the machine.
rule analyse_runs:
    """Choose learning rates, then curves, contrasts, crossovers, costs and verdicts"""
    input:
        checked=rules.collect_runs.output.runs,
        claims="config/claims.yaml",
        code=analysis_code(),
    output:
        expand(RESULTS.tables / "{name}.csv", name=TABLES),
    log:
        PATHS.log("analyse_runs"),
    localrule: True
    conda:
        "../envs/package.yaml"
    params:
        study=study_file,
        study_sha256=WORK.study_sha256,
        extent=extent,
        out=subpath(output[0], parent=True),
    shell:
        "tuning-curves analyse --study {params.study:q} {params.extent}"
        " --claims {input.claims:q} --out {params.out:q} 2>&1 | tee -i {log}"
