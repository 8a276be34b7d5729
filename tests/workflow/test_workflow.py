"""The whole workflow with real Snakemake, in a copy of the project, on a tiny encoder."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import yaml
from packaging.utils import canonicalize_name

from tuning_curves.cli import main
from tuning_curves.study.config import read_study
from tuning_curves.study.records import sealed
from tuning_curves.util.files import sha256_of_file

from .conftest import CONFIG, ROOT, Run, records_of

pytestmark = pytest.mark.workflow


def planned_jobs(text: str) -> dict[str, int]:
    """Rule and count from a dry run's table."""
    counts = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[1].isdigit() and words[0] != "total":
            counts[words[0]] = int(words[1])
    return counts


def tables(checkout: Path) -> dict[str, bytes]:
    folder = checkout / "results" / "tiny" / "tables"
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_from_nothing_to_the_paper_and_then_nothing_to_do(
    whole_run: Path, trained: Path, snakemake: Run
) -> None:
    results = whole_run / "results" / "tiny"
    assert (results / "paper.pdf").read_bytes().startswith(b"%PDF")
    assert len(records_of(whole_run)) == 32  # (2 + 1 + 1 rates) x 2 sizes x 2 seeds x 2 budgets
    said = (whole_run.parent / "said.txt").read_text("utf-8")
    assert "paper    results/tiny/paper.pdf" in said
    again = snakemake(*CONFIG)
    assert "Nothing to be done" in again.stdout + again.stderr


def test_an_archived_study_is_redrawn_to_the_byte_and_grows_by_what_is_new(
    trained: Path, snakemake: Run
) -> None:
    checkout, tiny_study = trained, trained / "config" / "tiny.yaml"
    archive(checkout, tiny_study)
    before, drawn = records_of(checkout, "results"), tables(checkout)
    assert len(before) == 32
    forget_workspace(checkout)

    plan = planned_jobs(snakemake("-n", *CONFIG).stdout)
    assert not {"train_chunk", "fetch_encoder", "make_windows"} & plan.keys()
    snakemake("figures", *CONFIG)
    assert tables(checkout) == drawn

    record = sorted((checkout / "results" / "tiny" / "records").rglob("*.json"))[0]
    text = record.read_text("utf-8")
    other = json.loads(text)
    other["provenance"]["threads"] = 7
    record.write_text(json.dumps(sealed(other)), "utf-8")
    rewrite = ("figures", "--until", "write_tables", *CONFIG)
    snakemake(*rewrite)  # another record under the same name is never overlooked
    assert b"threads,7,1" in tables(checkout)["provenance.csv"]
    record.write_text(text, "utf-8")
    snakemake(*rewrite)
    assert tables(checkout) == drawn

    config = yaml.safe_load(tiny_study.read_text("utf-8"))
    config["seeds"] = [0, 1, 2]
    tiny_study.write_text(yaml.safe_dump(config), "utf-8")
    snakemake("train", *CONFIG)
    fresh = records_of(checkout)
    assert len(fresh) == 16
    assert {r["run"]["init_seed"] for r in fresh.values()} == {2}
    assert records_of(checkout, "results") == before


def test_a_changed_hyperparameter_is_never_answered_from_the_archive(
    trained: Path, snakemake: Run
) -> None:
    checkout, tiny_study = trained, trained / "config" / "tiny.yaml"
    archive(checkout, tiny_study)
    config = yaml.safe_load(tiny_study.read_text("utf-8"))
    config["training"]["warmup"] = 0.25
    tiny_study.write_text(yaml.safe_dump(config), "utf-8")
    snakemake("train", *CONFIG)
    assert len(records_of(checkout)) == 32
    assert not set(records_of(checkout)) & set(records_of(checkout, "results"))


def test_a_lost_record_is_trained_again(trained: Path, snakemake: Run) -> None:
    before = records_of(trained)
    lost = sorted((trained / "runs" / "tiny" / "records").rglob("*.json"))[3]
    lost.unlink()
    snakemake("train", *CONFIG)
    assert records_of(trained) == before


def test_more_test_examples_are_scored_without_training_anew(
    whole_run: Path, tiny_study: Path, snakemake: Run
) -> None:
    config = yaml.safe_load(tiny_study.read_text("utf-8"))
    config["execution"]["keep_deltas"] = True
    for examples in (9, "all"):
        config["evaluation"]["test_examples"] = examples
        tiny_study.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
        snakemake("--until", "train_chunk", *CONFIG)
    whole, found = records_of(whole_run), records_of(tiny_study.parents[1])
    assert len(found) == 2 * len(whole)  # those of 9 examples stay
    assert {path: found[path] for path in whole} == whole
    folder = tiny_study.parents[1] / "runs" / "tiny" / "records"
    scored = [json.loads((folder / path).read_text())["provenance"].get("scored") for path in whole]
    assert None not in scored


PLUGIN = """\
from tuning_curves.methods.plugins import PluginMethod
METHOD = PluginMethod(
    name="own", label="own method", equation="b_q and LN1", trains=["q.bias", "LN1"]
)
"""


def test_a_plug_ins_method_goes_through_to_the_paper_and_an_edit_trains_it_alone_anew(
    whole_run: Path, trained: Path, snakemake: Run
) -> None:
    study, file = trained / "config" / "tiny.yaml", trained / "config" / "own.py"
    config = yaml.safe_load(study.read_text("utf-8"))
    config["plugins"] = ["own.py"]
    config["methods"].append({"name": "own", "learning_rates": [1e-2]})
    study.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
    missing = snakemake(*CONFIG, check=False)
    assert "own.py: the plug-in cannot be read (No such file" in missing.stdout + missing.stderr

    file.write_text(PLUGIN, "utf-8")
    snakemake(*CONFIG)
    before, found = records_of(whole_run), records_of(trained)
    assert {path: found[path] for path in before} == before
    own = {path: record for path, record in found.items() if path not in before}
    assert {record["run"]["method"] for record in own.values()} == {"own"}
    assert {record["run"]["plugin_sha256"] for record in own.values()} == {sha256_of_file(file)}
    results = trained / "results" / "tiny"
    assert "own method" in (results / "tables" / "scores.md").read_text("utf-8")
    numbers = (results / "numbers.json").read_text("utf-8")
    assert "No method of the package: the study's own.py" in numbers
    assert (results / "paper.pdf").read_bytes().startswith(b"%PDF")
    assert "Nothing to be done" in snakemake("-n", *CONFIG).stdout

    file.write_text(PLUGIN.replace('"q.bias", ', ""), "utf-8")
    snakemake("train", *CONFIG)
    edited = records_of(trained)
    assert {path: edited[path] for path in found} == found
    assert len(edited) == len(found) + len(own)


def test_a_study_that_fails_takes_nothing_from_anothers_shared_folders(
    trained: Path, snakemake: Run
) -> None:
    shared = [*trained.glob("runs/windows/**/*"), *trained.glob("resources/*/*/manifest.json")]
    before = {path: path.read_bytes() for path in shared if path.is_file()}
    config = yaml.safe_load((trained / "config" / "tiny.yaml").read_text("utf-8"))
    config |= {"study": "too-large", "sizes": [8, 5_000]}
    (trained / "config" / "too-large.yaml").write_text(yaml.safe_dump(config), "utf-8")
    own = ("--cores", "1", "--configfile", "config/too-large.yaml")
    failed = snakemake(*own, "--until", "make_windows", check=False)
    assert failed.returncode != 0
    assert "5000" in failed.stdout + failed.stderr
    assert before
    assert {path: path.read_bytes() for path in before} == before


def test_figures_draws_what_is_recorded_and_leaves_gaps(trained: Path, snakemake: Run) -> None:
    checkout = trained
    for path in (checkout / "runs" / "tiny" / "records" / "bitfit").iterdir():
        path.unlink()
    snakemake("figures", *CONFIG)
    assert not list((checkout / "runs" / "tiny" / "records" / "bitfit").iterdir())
    curves = tables(checkout)["curves.csv"].decode()
    assert ",full," in curves
    assert ",bitfit," not in curves


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--config", "sedes=[1]"), "unknown key 'sedes' in the study; did you mean 'seeds'?"),
        (("--config", "sizes=[4,4000]"), "4000 examples was asked for; the pool outside"),
        (("--config", "scale=big"), "scale is 'big', expected one of demo, reduced, paper"),
    ],
)
def test_bad_input_is_one_clear_error(
    tiny_study: Path, snakemake: Run, arguments: tuple[str, ...], words: str
) -> None:
    done = snakemake(*CONFIG, *arguments, check=False)
    assert done.returncode != 0
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_key_twice_in_the_study_file_is_refused(tiny_study: Path, snakemake: Run) -> None:
    """Snakemake's own reader takes the second in silence."""
    with tiny_study.open("a", encoding="utf-8") as stream:
        stream.write("seeds: [7]\n")
    done = snakemake("-n", *CONFIG, check=False)
    assert done.returncode != 0
    assert "config/tiny.yaml: the key 'seeds' stands twice" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "override",
    [
        "study=../../escaped",
        "encoder={name: ../../../escaped}",
        "data={name: ../../../escaped}",
    ],
)
def test_no_name_writes_outside_the_studys_folders(
    checkout: Path, tiny_study: Path, snakemake: Run, override: str
) -> None:
    before = {path for path in checkout.parent.rglob("*") if checkout not in path.parents}
    done = snakemake("train", *CONFIG, "--config", override, check=False)
    assert done.returncode != 0
    assert "expected text of the form" in done.stdout + done.stderr
    assert {path for path in checkout.parent.rglob("*") if checkout not in path.parents} == before


def test_lint_and_the_default_dry_run_need_nothing(checkout: Path, snakemake: Run) -> None:
    assert "Congratulations" in (lint := snakemake("--lint")).stdout + lint.stderr
    plan = planned_jobs(snakemake("-n").stdout)
    assert {"fetch_encoder", "fetch_data", "make_windows", "train_chunk"} <= plan.keys()


@pytest.mark.parametrize("profile", ["gpus", "slurm"])
def test_a_study_can_be_planned_through_each_profile(
    checkout: Path, snakemake: Run, profile: str
) -> None:
    plan = planned_jobs(
        snakemake("-n", "--workflow-profile", f"workflow/profiles/{profile}").stdout
    )
    assert plan["train_chunk"] == len(read_study(ROOT / "config" / "demo.yaml").chunks)


def test_the_environments_are_in_step() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    pip = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    assert pip == ["-r requirements.txt"]
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    lines += (ROOT / "requirements-dev.txt").read_text("utf-8").splitlines()
    assert "-c constraints.txt" in lines
    wanted = {canonicalize_name(line) for line in lines if line and line[0] not in "#-"}
    locked = {
        canonicalize_name(line.partition("==")[0])
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if "==" in line
    }
    assert wanted - locked == set()
    lock = (ROOT / "requirements.txt").read_bytes() + (ROOT / "constraints.txt").read_bytes()
    script = (ROOT / "workflow" / "envs" / "package.post-deploy.sh").read_text("utf-8")
    assert f"\n# {hashlib.sha256(lock).hexdigest()}\n" in script  # else old environments stay


def archive(checkout: Path, study: Path) -> None:
    """As `tuning-curves archive` does, from another folder."""
    from tuning_curves.analysis.labels import archive_limits
    from tuning_curves.study.config import read_study
    from tuning_curves.study.paths import StudyPaths
    from tuning_curves.study.records import RecordStore, archive_records

    asked = read_study(study)
    archive_limits(StudyPaths(asked, checkout))
    archive_records(RecordStore(asked, checkout))


def forget_workspace(checkout: Path) -> None:
    """What a fresh clone does not have."""
    for folder in ("runs", "resources", ".snakemake"):
        shutil.rmtree(checkout / folder, ignore_errors=True)


def test_the_explorer_is_built_of_every_study_with_results_and_again_when_a_table_changes(
    checkout: Path, snakemake: Run
) -> None:
    tables = checkout / "results" / "pos-ewt" / "tables"
    shutil.copytree(ROOT / "results" / "pos-ewt" / "tables", tables)
    asked = ("--cores", "1", "build_explorer", "--configfile", "config/cola.yaml")
    snakemake(*asked)
    page = checkout / "results" / "explorer.html"
    before = page.read_bytes()
    assert b'"name":"pos-ewt"' in before
    assert "Nothing to be done" in snakemake(*asked).stderr
    path = tables / "curves.csv"
    path.write_text(path.read_text("utf-8").replace(",89.86,", ",89.85,", 1), "utf-8")
    snakemake(*asked)
    assert page.read_bytes() != before


def test_a_study_that_has_run_gives_the_numbers_that_are_stored_of_it(
    whole_run: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(whole_run)
    file = tmp_path / "stored.json"
    asked = ["verify", "--study", "config/tiny.yaml", "--stored", str(file)]
    assert main([*asked, "--renew"]) == 0
    assert main(asked) == 0
    assert "every number as stored, digit for digit" in capsys.readouterr().out
    stored = json.loads(file.read_text("utf-8"))
    stored["kind"]["instructions"] = "another"
    file.write_text(json.dumps(stored), "utf-8")
    assert main(asked) == 0
    assert "every number within its bound" in capsys.readouterr().out
    min(stored["runs"].values(), key=str)["losses"][-1] += 1.0
    file.write_text(json.dumps(stored), "utf-8")
    assert main(asked) == 3
    assert "losses: 1 nats from what is stored, expected 0.0001 at most" in capsys.readouterr().err
