# In: a fetched encoder (its tokenizer) and fetched data.
# Out: runs/windows/<key>/, flat arrays and a manifest of their hashes, written last; shared, as resources are.
rule make_windows:
    """Tokenise every text once, cut examples into windows"""
    input:
        encoder=PATHS.encoder / MANIFEST,
        data=PATHS.data / MANIFEST,
    output:
        update(PATHS.windows / MANIFEST),
    log:
        PATHS.log("make_windows"),
    conda:
        "../envs/package.yaml"
    resources:
        mem_mb=4000,  # all of SQuAD's tokens as Python objects
        runtime=20,  # minutes: half a minute here, more where the disk is slow
    params:
        task=canonical(STUDY.config.task),
        max_length=STUDY.config.windows.max_length,
        stride=(
            f"--stride {STUDY.config.windows.stride}"
            if STUDY.config.windows.stride
            else ""
        ),
        largest=STUDY.config.largest_size,
        held_out=STUDY.config.data.held_out_examples,
    shell:
        "tuning-curves windows --data $(dirname {input.data:q}) --encoder $(dirname {input.encoder:q})"
        " --task {params.task:q} --max-length {params.max_length} {params.stride}"
        " --largest-size {params.largest} --held-out {params.held_out}"
        " --out $(dirname {output:q}) 2>&1 | tee -i {log}"
