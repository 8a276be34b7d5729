# Shared by every stage: the checked study, the folders, and who asks for what.
import json
import sys
from pathlib import Path

# Where rules have conda environments, Snakemake's own need not have the package (docs/containers.md).
sys.path.append(str(Path(workflow.basedir).parent / "src"))

from tuning_curves.analysis.columns import TABLES
from tuning_curves.commands.options import study_for_workflow
from tuning_curves.encoders.architecture import read_architecture
from tuning_curves.report.figures import FIGURES
from tuning_curves.study.paths import archived_studies
from tuning_curves.study.resources import memory_mb, minutes, pass_mb
from tuning_curves.study.workflow import StudyWorkflow
from tuning_curves.util.files import MANIFEST, canonical, sha256_of, sha256_of_file
from tuning_curves.util.locks import clear_stale_lock

STUDY = study_for_workflow(config, workflow.configfiles)
WORK = StudyWorkflow(STUDY)
PATHS = WORK.paths
COLLECTED, RESULTS = PATHS.collected, PATHS.results
CODE = "src/tuning_curves"
# Kept open: it tells the next run whether this one still lives.
ALIVE = clear_stale_lock(Path(".snakemake")) if workflow.is_main_process else None


wildcard_constraints:
    chunk="[a-z0-9-]+",


def analysis_code():
    """The analysis modules: an edit to one redraws what it makes."""
    return sorted(str(path) for path in Path(CODE, "analysis").rglob("*.py"))


def report_code():
    """The report modules, as above."""
    return sorted(str(path) for path in Path(CODE, "report").rglob("*.py"))


def explorer_parts():
    """What the explorer's page is put together from."""
    return sorted(str(p) for p in Path(CODE, "report", "explorer", "static").iterdir())


def explored_studies(wildcards):
    """The files of the studies that have tables: other studies' rules are none of this one's."""
    return [str(path) for path in archived_studies()]


def explored_sha256(wildcards):
    """The hash of all that the explorer reads: where it changes, the page is built again."""
    names = [Path(study).stem for study in explored_studies(wildcards)]
    kinds = [f"{n}/{k}" for n in names for k in ("tables/*.csv", "records/*/*.json")]
    found = {
        p for k in (*kinds, "synthesis/tables/*.csv") for p in Path("results").glob(k)
    }
    return sha256_of([[str(path), sha256_of_file(path)] for path in sorted(found)])


def in_report(path, category):
    """A result that `snakemake --report` shows, with the caption of its name in workflow/report/."""
    caption = f"../report/{path.stem}.rst"
    return report(
        str(path), caption=caption, category=category, labels={"name": path.stem}
    )


def paper_text():
    """The paper's source and bibliography."""
    kinds = (".typ", ".bib")
    return sorted(str(p) for p in Path("paper").rglob("*") if p.suffix in kinds)


def recorded_only():
    """Whether `figures` was asked for: draw from the records at hand, gaps stay gaps."""
    return set(workflow.dag_settings.targets) == {"figures"}


def extent(wildcards):
    """How `collect` and `analyse` are called: for all runs, or for those that have a record."""
    return f"--recorded {WORK.recorded_count()}" if recorded_only() else ""


def records_at_hand(wildcards):
    """The records that no chunk's marker stands for: changed ones are collected anew."""
    return WORK.records(archived_only=not recorded_only())


def reference_values():
    """What was published, as the figures and the prose quote it."""
    return sorted(str(path) for path in Path(CODE, "report", "reference").glob("*.csv"))


def chunk_markers(wildcards):
    """The markers of the chunks that a run without an archived record belongs to."""
    return [] if recorded_only() else WORK.wanted_markers()


def executes():
    """Whether jobs run: a dry run may have other settings than a run that is under way."""
    return workflow.executor_plugin is not None and not workflow.dryrun


def study_file(wildcards):
    """The file with the checked study, which the commands read."""
    return WORK.study_file(write=executes())


def job_file(wildcards):
    """The file with the chunk's runs and their settings."""
    return WORK.job_file(wildcards.chunk, write=executes())


def job_sha256(wildcards):
    """The hash of that job: where it changes, the chunk runs again."""
    return WORK.job_sha256(wildcards.chunk)


def training_memory(wildcards, input, attempt):
    """MB for a chunk, more at each new attempt; unknown (TBD) until the encoder is here."""
    weights = weights_bytes(input.encoder)
    held = pass_mb(STUDY, encoder_shape(input.encoder)) if trains_on_cpu() else 0
    return attempt * memory_mb(weights, held)


def trains_on_cpu():
    """Whether a profile or the command line gives chunks no GPU, and no part of one."""
    asked = workflow.resource_settings.overwrite_resources.get("train_chunk", {})
    gpus = asked.get("gpu")
    return str(getattr(gpus, "raw", gpus)) == "0" and "gres" not in asked


def training_minutes(wildcards, input):
    """The time limit of a chunk, from the work in it; a job cut off at it resumes."""
    passes = WORK.chunks[wildcards.chunk].passes
    return minutes(passes, weights_bytes(input.encoder))


def weights_bytes(manifest):
    """The size of an encoder's weights, as its manifest has it."""
    with open(str(manifest), encoding="utf-8") as stream:
        return json.load(stream)["files"]["model.safetensors"]["bytes"]


def encoder_shape(manifest):
    """The sizes of an encoder, from the configuration beside its manifest."""
    family, sizes = read_architecture(Path(str(manifest)).parent / "config.json")
    return family.shape(sizes)


def closing_words():
    """Where the results are, and the main finding."""
    return WORK.closing_words()
