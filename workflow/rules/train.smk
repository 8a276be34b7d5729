# In: a fetched encoder and windows.
# Out: a marker for each chunk; the records themselves appear one by one below
# runs/<study>/records and are nobody's output, so that no failure ever deletes one.
rule train_chunk:
    """Train and evaluate a chunk of runs, a record each"""
    input:
        encoder=PATHS.encoder / MANIFEST,
        windows=PATHS.windows / MANIFEST,
    output:
        PATHS.marker("{chunk}"),
    log:
        PATHS.log("train/{chunk}"),
    benchmark:
        PATHS.benchmark("{chunk}")
    priority: 10
    conda:
        "../envs/package.yaml"
    threads: 1  # one thread a run and as many workers as cores: nothing waits for another
    resources:
        gpu=1,  # one process uses one; counts only where a profile gives GPUs or asks for them
        mem_mb=training_memory,  # 13 times the weights, or what frozen parts leave; on CPUs a pass too
        runtime=training_minutes,  # ten times what a chunk is cut for on a GPU, and half an hour
        gpu_workers=1,  # processes that share a GPU, where the scheduler does not choose one
        cache_gib=16,  # what frozen layers' output may take on disk, in all
        checkpoint_seconds=60,  # work that a kill can cost; a shared disk may want it rarer
    params:
        job=job_file,
        job_sha256=job_sha256,
        workspace=PATHS.workspace,
        cache=PATHS.cache,
        gpu_locks=PATHS.gpu_locks,
        deltas="--keep-new-deltas" if STUDY.config.execution.keep_deltas else "",
    shell:
        "tuning-curves train --job {params.job:q} --encoder $(dirname {input.encoder:q})"
        " --windows $(dirname {input.windows:q}) --workspace {params.workspace:q}"
        " --cache {params.cache:q} --cache-gib {resources.cache_gib}"
        " --checkpoint-seconds {resources.checkpoint_seconds}"
        " --gpu-locks {params.gpu_locks:q} --gpu-workers {resources.gpu_workers}"
        " {params.deltas} --done {output:q} 2>&1 | tee -i {log}"
