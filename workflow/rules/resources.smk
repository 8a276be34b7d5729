# In: the study's encoder and data sections.
# Out: resources/…, each folder with a manifest of hashes, written last. Studies share them: `update` keeps
# what is there until something else stands in its place, so that a failure takes nothing from another study.
rule fetch_encoder:
    """Fetch the encoder, check its hashes"""
    output:
        update(PATHS.encoder / MANIFEST),
    log:
        PATHS.log("fetch_encoder"),
    localrule: True  # a cluster's compute nodes are often offline
    conda:
        "../envs/package.yaml"
    params:
        spec=canonical(STUDY.config.encoder.model_dump(exclude_none=True)),
    shell:
        "tuning-curves fetch encoder --spec {params.spec:q} --out $(dirname {output:q})"
        " 2>&1 | tee -i {log}"


rule fetch_data:
    """Fetch or generate the examples, check them in full"""
    output:
        update(PATHS.data / MANIFEST),
    log:
        PATHS.log("fetch_data"),
    localrule: True  # as above
    conda:
        "../envs/package.yaml"
    params:
        spec=canonical(STUDY.config.data.model_dump(exclude_none=True)),
        task=canonical(STUDY.config.task),
    shell:
        "tuning-curves fetch data --task {params.task:q} --spec {params.spec:q}"
        " --out $(dirname {output:q})"
        " 2>&1 | tee -i {log}"
