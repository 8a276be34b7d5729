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
        expand(f"{RESULTS}/tables/{{name}}.csv", name=ANALYSED),
    log:
        f"runs/{STUDY.name}/logs/analyse_runs.log",
    localrule: True
    conda:
        "../../environment.yml"
    params:
        study=STUDY_JSON,
        out=subpath(output[0], parent=True),
    shell:
        "tuning-curves analyse --study-json {params.study:q} --claims {input.claims:q}"
        " --collected $(dirname {input.runs:q}) --out {params.out:q} 2>&1 | tee -i {log}"
