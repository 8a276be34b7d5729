# In: a fetched encoder (its tokenizer) and fetched data.
# Out: runs/features/<key>/, flat arrays and a manifest of their hashes, written last.
rule make_features:
    """Tokenise every question and context once, cut them into windows"""
    input:
        encoder=LAYOUT.encoder / "manifest.json",
        data=LAYOUT.data / "manifest.json",
    output:
        LAYOUT.features / "manifest.json",
    log:
        f"runs/{STUDY.name}/logs/make_features.log",
    conda:
        "../../environment.yml"
    resources:
        mem_mb=4000,  # all of SQuAD's tokens as Python objects
        runtime=20,  # minutes: half a minute here, more where the disk is slow
    params:
        max_length=STUDY.config["features"]["max_length"],
        doc_stride=STUDY.config["features"]["doc_stride"],
        largest=LAYOUT.largest_size,
        held_out=STUDY.config["data"]["held_out_examples"],
    shell:
        "tuning-curves features --data $(dirname {input.data:q}) --encoder $(dirname {input.encoder:q})"
        " --max-length {params.max_length} --doc-stride {params.doc_stride}"
        " --largest-size {params.largest} --held-out {params.held_out}"
        " --out $(dirname {output:q}) 2>&1 | tee -i {log}"
