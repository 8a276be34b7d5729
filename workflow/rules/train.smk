# In: a fetched encoder and features.
# Out: a marker for each chunk; the records themselves appear one by one below
# runs/<study>/records and are nobody's output, so that no failure ever deletes one.
rule train_chunk:
    """Train and evaluate a chunk of cells, a record each"""
    input:
        encoder=LAYOUT.encoder / "manifest.json",
        features=LAYOUT.features / "manifest.json",
    output:
        f"runs/{STUDY.name}/chunks/{{chunk}}.done",
    log:
        f"runs/{STUDY.name}/logs/train/{{chunk}}.log",
    benchmark:
        f"runs/{STUDY.name}/benchmarks/{{chunk}}.jsonl"
    priority: 10
    conda:
        "../../environment.yml"
    threads: 1  # one thread a cell and as many workers as cores: nothing waits for another
    resources:
        gpu=1,  # counts only where a profile gives GPUs; it keeps two chunks off one GPU
        mem_mb=6000,  # encoder, optimiser and activations of BERT-base; MiniLM needs a third
        runtime=480,  # minutes: a chunk is cut to take far less
    params:
        job=job_of_chunk,
        cache=LAYOUT.cache,
    shell:
        "tuning-curves train --job {params.job:q} --encoder $(dirname {input.encoder:q})"
        " --features $(dirname {input.features:q}) --workspace $(dirname {output:q})/.."
        " --cache {params.cache:q} --done {output:q} 2>&1 | tee {log}"
