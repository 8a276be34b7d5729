import copy
import itertools
from pathlib import Path

import pytest
import yaml

from tuning_curves.study.config import check_study, read_study
from tuning_curves.study.job import identity
from tuning_curves.util.errors import ResourceError, UsageError

CONFIG = Path(__file__).resolve().parents[2] / "config"
ARCHIVE = CONFIG.parent / "results"
ARCHIVED = sorted(path.parent.name for path in ARCHIVE.glob("*/records"))


@pytest.fixture
def config() -> dict:
    return yaml.safe_load((CONFIG.parent / "benchmarks" / "study.yaml").read_text("utf-8"))


def put(config: dict, path: tuple[str, ...], value: object) -> None:
    """Set the value at a path of keys."""
    section = config
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = value


def refusal(config: dict) -> str:
    with pytest.raises(UsageError) as caught:
        check_study(config, "s.yaml")
    return str(caught.value)


OTHERS = ("claims", "squad-unresolved", "your-data")  # no studies, or one that asks for files
STUDIES = sorted(path for path in CONFIG.glob("*.yaml") if path.stem not in OTHERS)


@pytest.mark.parametrize("path", STUDIES, ids=lambda p: p.stem)
def test_every_study_of_the_project_is_valid_and_named_as_its_file(path: Path) -> None:
    assert read_study(path).name == path.stem


def test_runs_are_the_product_of_the_lists(config: dict) -> None:
    config["methods"] = [
        {"name": "full", "learning_rates": [1e-4, 3e-4]},
        {"name": "bitfit", "learning_rates": [1e-3], "sizes": [100], "seeds": [5]},
    ]
    config["analysis"]["contrasts"] = [["bitfit", "full"]]
    study = check_study(config, "s.yaml")
    # full: 2 rates, 4 sizes, 2 seeds, 2 budgets; bitfit: 1 size, 1 seed, 2 budgets
    assert len(study.planned) == 2 * 4 * 2 * 2 + 2


def test_a_budget_is_epochs_with_a_floor_of_steps(config: dict) -> None:
    steps = {(p.run.n_train, p.budget): p.run.steps for p in check_study(config, "s.yaml").planned}
    # batch 8: 100 questions are 13 steps an epoch, 1,000 are 125
    assert steps[100, "epochs"] == 39
    assert steps[100, "floor"] == 125
    assert steps[1000, "epochs"] == steps[1000, "floor"] == 375


def test_a_budget_may_have_sizes_of_its_own(config: dict) -> None:
    config["budgets"].append({"name": "long", "epochs": 3, "min_steps": 1500, "sizes": [1000]})
    planned = check_study(config, "s.yaml").planned
    assert {p.run.n_train for p in planned if p.budget == "long"} == {1000}
    assert {p.run.n_train for p in planned if p.budget == "floor"} == {*config["sizes"]}
    assert check_study(config, "s.yaml").config.whole_budgets == ["epochs", "floor"]
    only = {**config, "budgets": config["budgets"][-1:]}
    assert check_study(only, "s.yaml").config.whole_budgets == ["long"]
    every = {"name": "every", "epochs": 3, "min_steps": 0, "sizes": config["sizes"]}
    more = {**config, "budgets": [*config["budgets"], every]}
    assert check_study(more, "s.yaml").config.whole_budgets[-1] == "every"
    config["budgets"][-1]["sizes"] = [1000, 1500]
    with pytest.raises(UsageError, match=r"budget 'long' names the size 1500, at which no method"):
        check_study(config, "s.yaml")


def test_a_method_may_have_rates_for_each_budget(config: dict) -> None:
    rates = {"epochs": [1e-4, 3e-4], "floor": [3e-5]}
    config["methods"] = [{"name": "full", "learning_rates": rates}]
    config["analysis"]["contrasts"] = []
    study = check_study(config, "s.yaml")
    found = {
        name: {p.run.learning_rate for p in study.planned if p.budget == name} for name in rates
    }
    assert found == {name: {*listed} for name, listed in rates.items()}
    assert study.config.method("full").rates == (1e-4, 3e-4, 3e-5)
    assert check_study(study.config.to_json(), "s.yaml").planned == study.planned


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ({"epochs": [1e-4]}, "rates for the budgets epochs, expected epochs, floor"),
        ({"epochs": [1e-4], "floor": [1e-4], "flor": [1e-4]}, "expected epochs, floor"),
        ({"epochs": [1e-4], "floor": []}, "methods.0.learning_rates.floor"),
        ({"epochs": [1e-4], "floor": [2.0]}, "methods.0.learning_rates.floor.0 is 2,"),
        (1e-4, "methods.0.learning_rates is 0.0001"),
    ],
)
def test_rates_by_budget_are_those_of_its_budgets(config: dict, rates: object, words: str) -> None:
    config["methods"][0]["learning_rates"] = rates
    assert words in refusal(config)


def test_budgets_of_equal_steps_share_one_run(config: dict) -> None:
    study = check_study(config, "s.yaml")
    shared = [p for p in study.planned if p.run.n_train == 1000]
    assert len({p.id for p in shared}) * 2 == len(shared)
    assert len(study.unique) == len({p.id for p in study.planned})


def test_identity_follows_everything_material_and_nothing_else(config: dict) -> None:
    def first(config: dict) -> str:
        return check_study(config, "s.yaml").planned[0].id

    base = first(config)
    for section, key, value in (
        ("training", "batch_size", 8 + 8),
        ("training", "warmup", 0.2),
        ("training", "precision", "bfloat16"),
        ("task", "n_best", 10),
        ("windows", "stride", 64),
        ("data", "held_out_examples", 3000),
    ):
        changed = copy.deepcopy(config)
        changed[section][key] = value
        if key != "batch_size":  # which changes the steps as well
            assert first(changed) != base, key
    for section, key, value in (
        ("execution", "chunk_passes", 7),
        ("analysis", "n_bootstrap", 500),
        ("data", "train", "elsewhere.json"),
    ):
        changed = copy.deepcopy(config)
        changed[section][key] = value
        assert first(changed) == base, key


def test_numbers_written_as_text_are_numbers(config: dict) -> None:
    as_text = copy.deepcopy(config)
    as_text["methods"][0]["learning_rates"] = ["1.5e-4"]
    as_text["seeds"] = ["0", "1"]
    as_text["training"]["weight_decay"] = "0"
    ours, theirs = check_study(as_text, "s"), check_study(config, "s")
    assert [p.id for p in ours.planned] == [p.id for p in theirs.planned]


def test_an_unknown_key_is_named_with_the_nearest_one(config: dict) -> None:
    config["sedes"] = [1]
    assert "unknown key 'sedes' in the study; did you mean 'seeds'?" in refusal(config)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("training", "batch_size"), "eight", "training.batch_size is 'eight', expected integer"),
        (("training", "precision"), "fp16", "expected one of float32, bfloat16"),
        (("training", "warmup"), 2, "training.warmup is 2, expected 1 or less"),
        (("training", "pass_tokens"), 0, "training.pass_tokens is 0, expected 1 or more"),
        (("training", "pass_tokens"), 1.5, "training.pass_tokens is 1.5, expected integer"),
        (("execution", "example_windows"), 0, "example_windows is 0, expected 1 or more"),
        (("sizes",), [], "sizes is [], expected 1 or more items"),
        (("seeds",), [0, 0], "seeds is [0, 0], expected each item once"),
        (("scale",), "huge", "scale is 'huge', expected one of demo, reduced, paper"),
        (("evaluation", "test_examples"), "some", "expected all or integer"),
        (("windows", "stride"), 384, "stride is 384, expected less than max_length"),
        (("analysis", "contrasts"), [["bitfit", "lora"]], "'lora', which the study does not train"),
        (("analysis", "contrasts"), [["full", "full"]], "is of one method"),
        (("analysis", "rates_from"), {"study": "base", "methods": ["full"]}, "another study than"),
        (
            ("analysis", "rates_from"),
            {"study": "Not A Name", "methods": ["full"]},
            "analysis.rates_from.study is 'Not A Name'",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    config: dict, path: tuple[str, ...], value: object, words: str
) -> None:
    put(config, path, value)
    assert words in refusal(config)


def test_rates_from_another_study_are_of_methods_with_a_grid_of_one(config: dict) -> None:
    pilot = {"study": "base-rates", "methods": ["full"]}
    put(config, ("analysis", "rates_from"), pilot)
    for method in config["methods"]:
        method["learning_rates"] = [1e-4, 1e-3]
    assert "methods has 'full', expected methods of this study that have one" in refusal(config)
    config["methods"][0]["learning_rates"] = [1e-4]
    found = check_study(config, "s.yaml").config.analysis.rates_from
    assert found is not None and (found.study, found.methods) == ("base-rates", ("full",))
    pilot["methods"] = ["full", "nobody"]
    assert "methods has 'nobody'" in refusal(config)


def test_a_missing_key_is_named(config: dict) -> None:
    del config["training"]["clip_norm"]
    assert "training lacks the key 'clip_norm'" in refusal(config)


def test_an_unknown_method_is_refused_with_the_nearest(config: dict) -> None:
    config["methods"][1]["name"] = "bitfti"
    message = refusal(config)
    assert "unknown method 'bitfti'" in message
    assert "did you mean 'bitfit'?" in message


def test_a_method_listed_twice_is_refused(config: dict) -> None:
    config["methods"].append(config["methods"][0])
    assert "method 'full' is listed twice" in refusal(config)


def test_a_missing_study_file_names_its_neighbours() -> None:
    with pytest.raises(
        ResourceError, match=r"no such study file \(there are: .*minilm-squad\.yaml"
    ):
        read_study(CONFIG / "minilmslice.yaml")


def test_chunks_hold_every_run_once_and_methods_stand_together(config: dict) -> None:
    study = check_study(config, "s")
    held = [p.id for chunk in study.chunks for p in chunk.runs]
    assert sorted(held) == sorted(p.id for p in study.unique)
    methods = [p.run.method for chunk in study.chunks for p in chunk.runs]
    assert sum(a != b for a, b in itertools.pairwise(methods)) == len(set(methods)) - 1
    limit = config["execution"]["chunk_passes"]
    assert all(c.passes <= limit or len(c.runs) == 1 for c in study.chunks)


def test_chunks_do_not_depend_on_the_order_of_lists(config: dict) -> None:
    chunks = {c.id for c in check_study(config, "s").chunks}
    config["seeds"] = config["seeds"][::-1]
    config["methods"] = config["methods"][::-1]
    assert {c.id for c in check_study(config, "s").chunks} == chunks


def test_identity_is_the_hash_of_settings_and_run(config: dict) -> None:
    study = check_study(config, "s")
    planned = study.planned[0]
    assert planned.id == identity(study.settings, planned.run)
    assert len(planned.id) == 16


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scale": "paper"}, "scale is 'paper' with the encoder 'all-MiniLM-L6-v2'"),
        ({"seeds": [0, {"subset": 0, "init": 0}]}, "list subset 0 with init 0 twice"),
    ],
)
def test_what_a_study_cannot_mean_is_refused(config: dict, changes: dict, words: str) -> None:
    assert words in refusal(config | changes)


def test_generated_passages_are_a_demo() -> None:
    config = yaml.safe_load((CONFIG / "demo-qa.yaml").read_text("utf-8"))
    for scale in ("paper", "reduced"):
        assert f"scale is '{scale}' with generated passages" in refusal(config | {"scale": scale})


def test_one_subset_may_have_several_starts(config: dict) -> None:
    config["seeds"] = [{"subset": 0, "init": 0}, {"subset": 0, "init": 1}]
    seeds = {(p.run.subset_seed, p.run.init_seed) for p in check_study(config, "s").unique}
    assert seeds == {(0, 0), (0, 1)}


@pytest.mark.parametrize(
    "name", ["../../x", "/tmp/x", "a/b", "..", "a\nb", "a\n", "a\0", "", " ", "x" * 200]
)
@pytest.mark.parametrize("section", ["study", "encoder", "data"])
def test_no_name_leads_out_of_the_studys_folders(config: dict, section: str, name: str) -> None:
    """All three name folders that are written to."""
    if section == "study":
        config["study"] = name
    else:
        config[section]["name"] = name
    refusal(config)


@pytest.mark.parametrize(
    "name", ["../..", "a/..", "../x", "a/b/c", "a/b\n", "a b/c", "https://x/y"]
)
def test_a_repository_is_an_owner_and_a_name(name: str) -> None:
    config = yaml.safe_load((CONFIG / "bert-base-squad.yaml").read_text("utf-8"))
    for section in ("encoder", "data"):
        changed = copy.deepcopy(config)
        changed[section]["repository"] = name
        assert f"{section}.repository is " in refusal(changed)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("training", "clip_norm"), float("inf"), "training.clip_norm is inf, expected a number"),
        (("training", "clip_norm"), float("nan"), "training.clip_norm is nan, expected a number"),
        (("training", "clip_norm"), "1e999", "training.clip_norm is inf, expected a number"),
        (("title",), "\ud835", "title holds half a surrogate pair"),
        (("title",), "x" * 301, "expected 300 or fewer characters"),
        (("seeds",), ["9" * 5000], "expected integer or object"),
        (("seeds",), [2**64], "expected 4294967295 or less"),
        (
            ("seeds",),
            [{"subset": 0, "int": 1}],
            "unknown key 'int' in seeds.0; did you mean 'init'?",
        ),
        (("seeds",), list(range(100_000)), "runs, expected 1,000,000 or fewer"),
        (("sizes",), [10**30], "expected 1000000000 or less"),
        (("analysis", "n_bootstrap"), 10**12, "expected 1000000 or less"),
        (("analysis", "contrasts"), [["bitfit", "full"]] * 2, "expected each item once"),
        (("evaluation", "test_examples"), 0, "test_examples is 0, expected 1 or more"),
        (("encoder", "files_sha256"), {"model.bin": "0" * 64}, "unknown key 'model.bin'"),
    ],
)
def test_a_value_that_nothing_can_be_done_with_is_named(
    config: dict, path: tuple[str, ...], value: object, words: str
) -> None:
    put(config, path, value)
    assert words in refusal(config)


def test_bottomless_nesting_is_refused(config: dict) -> None:
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert "nested too deep" in refusal(config | {"seeds": deep})


def test_hashes_of_files_that_leave_one_open_are_refused(config: dict) -> None:
    config["encoder"]["files_sha256"] = {"tokenizer.json": "0" * 64}
    assert "encoder.files_sha256 has no config.json" in refusal(config)
    assert "`tuning-curves pin --encoder`" in refusal(config)


@pytest.mark.parametrize("name", ARCHIVED)
def test_the_archives_runs_keep_their_identity(name: str) -> None:
    """A stricter reader must not make other runs of a study that has been run."""
    from tuning_curves.study.records import RecordStore

    study = read_study(CONFIG / f"{name}.yaml")
    store = RecordStore(study, CONFIG.parent)
    known = [planned for planned in study.unique if store.archived(planned)]
    assert len(known) == len(list((ARCHIVE / name / "records").glob("*/*.json"))) > 10
