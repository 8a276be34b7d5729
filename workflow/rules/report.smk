# In: results/<study>/tables/*.csv and paper/'s text.
# Out: figures, tables for reading, the numbers of the prose, and the paper.
rule draw_figures:
    """Draw every figure as SVG and PDF"""
    input:
        tables=rules.analyse_runs.output,
        published=reference_values(),
        code=report_code(),
    output:
        [in_report(RESULTS.figures / f"{name}.svg", "Figures") for name in FIGURES],
        expand(RESULTS.figures / "{name}.pdf", name=FIGURES),
    log:
        PATHS.log("draw_figures"),
    localrule: True
    conda:
        "../envs/package.yaml"
    params:
        study=study_file,
        study_sha256=WORK.study_sha256,
        tables=subpath(input[0], parent=True),
        out=subpath(output[0], parent=True),
    shell:
        "tuning-curves report figures --study {params.study:q}"
        " --tables {params.tables:q} --out {params.out:q} 2>&1 | tee -i {log}"


rule write_tables:
    """Write the tables for reading, and the numbers and sentences of the paper"""
    input:
        tables=rules.analyse_runs.output,
        published=reference_values(),
        code=report_code(),
    output:
        numbers=RESULTS.numbers,
        table=in_report(RESULTS.tables / "scores.md", "Tables"),
    log:
        PATHS.log("write_tables"),
    localrule: True
    conda:
        "../envs/package.yaml"
    params:
        study=study_file,
        study_sha256=WORK.study_sha256,
        tables=subpath(input[0], parent=True),
    shell:
        "tuning-curves report tables --study {params.study:q}"
        " --tables {params.tables:q} --out $(dirname {output.numbers:q}) 2>&1 | tee -i {log}"


rule compile_paper:
    """Compile the paper; every number in it comes from the results"""
    input:
        figures=rules.draw_figures.output,
        numbers=rules.write_tables.output.numbers,
        text=paper_text(),
        published=reference_values(),
        code=report_code(),
    output:
        in_report(RESULTS.paper, "Paper"),
    log:
        PATHS.log("compile_paper"),
    localrule: True
    conda:
        "../envs/package.yaml"
    params:
        study=study_file,
        study_sha256=WORK.study_sha256,
    shell:
        "tuning-curves paper --study {params.study:q} --results $(dirname {output:q})"
        " --out {output:q} 2>&1 | tee -i {log}"
