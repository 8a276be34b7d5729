# In: runs/<study>/collected/, and the claims that the study is judged by.
# Out: results/<study>/tables/*.csv, which are committed: bytes do not depend on the machine.
rule analyse_runs:
    """Choose learning rates, then curves, contrasts, crossovers, costs and verdicts"""
    input:
        runs=rules.collect_runs.output.runs,
        outcomes=rules.collect_runs.output.outcomes,
        biases=rules.collect_runs.output.biases,
        claims="config/claims.yaml",
        schema="src/tuning_curves/schemas/claims.schema.yaml",
        code=analysis_code(),
    output:
        expand(RESULTS.tables / "{name}.csv", name=ANALYSED),
    log:
        PATHS.log("analyse_runs"),
    localrule: True
    conda:
        "../../environment.yml"
    params:
        study=study_file,
        study_sha256=WORK.study_sha256,
        out=subpath(output[0], parent=True),
    shell:
        "tuning-curves analyse --study {params.study:q} --claims {input.claims:q}"
        " --collected $(dirname {input.runs:q}) --out {params.out:q} 2>&1 | tee -i {log}"
