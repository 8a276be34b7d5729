"""The data of the rows on labels: the demo's movie-review snippets, CoLA, and UD English EWT.

Each is a study derived from config/demo.yaml. The snippets come as the demo fetches them; the files
of the other two have to lie below a folder of data, `cola/` and `ud-english-ewt/`.
"""

from pathlib import Path
from typing import Any

from benchmarks.material import TRAINING, Material, prepare
from tuning_curves.data.fetch_data import open_data
from tuning_curves.study.config import check_study
from tuning_curves.study.paths import StudyPaths
from tuning_curves.tasks import make_task
from tuning_curves.util.errors import ResourceError
from tuning_curves.util.yaml_files import read_yaml

BASE = Path("config/demo.yaml")
UPOS = [  # universaldependencies.org/u/pos
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM",
    "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X",
]  # fmt: skip
# With the checkpoint's pooler, as the library's model has it.
TEXTS = {"name": "text-classification", "pooling": "pooler", "main_metric": "accuracy"}
SECTIONS: dict[str, dict[str, Any]] = {
    "snippets": {"task": {**TEXTS, "labels": ["negative", "positive"]}},
    "cola": {
        "task": {**TEXTS, "labels": ["0", "1"]},
        "data": {
            "name": "cola",
            "source": "path",
            "train": "cola/in_domain_train.tsv",
            "test": "cola/in_domain_dev.tsv",
            "format": {
                "kind": "tsv", "header": False, "quoting": False,
                "columns": {"label": 2, "text": 4},
            },
            "duplicates": "drop",
            "held_out_examples": 500,
        },
    },
    "pos": {
        "task": {"name": "token-classification", "labels": UPOS, "main_metric": "accuracy"},
        "data": {
            "name": "ud-english-ewt",
            "source": "path",
            "train": "ud-english-ewt/en_ewt-ud-train.conllu",
            "test": "ud-english-ewt/en_ewt-ud-test.conllu",
            "format": {"kind": "conllu"},
            "duplicates": "keep",
            "held_out_examples": 500,
        },
        "windows": {"max_length": 256, "stride": 64},
    },
}  # fmt: skip


def find_labelled(root: Path, name: str, folder: Path) -> Material:
    """Read one of `SECTIONS`, and make its windows if need be.

    Args:
        folder: where `cola/` and `ud-english-ewt/` lie.

    Raises:
        ResourceError: the data or the encoder is not there.
    """
    config = read_yaml(root / BASE, "no such study file") | SECTIONS[name]
    config |= {"study": "benchmarks", "training": config["training"] | TRAINING}
    if config["data"]["source"] == "path":
        config["data"] = config["data"] | _files(config["data"], folder)
    study = check_study(config, f"the benchmarks' study of {name}")
    content = study.config.data.content_sha256
    assert content is not None, "pinned in the demo, computed for files"
    config["data"] = config["data"] | {"content_sha256": content.model_dump()}
    paths = StudyPaths(study, root)
    prepare(paths)
    return Material(config, open_data(make_task(study.config.task), paths.data), root)


def _files(data: dict[str, Any], folder: Path) -> dict[str, str]:
    """Where the files of both parts lie."""
    for split in ("train", "test"):
        if not (folder / data[split]).is_file():
            raise ResourceError(
                f"no {data[split]} in the folder of data",
                fix="name the folder that has it by --data",
            )
    return {split: str(folder / data[split]) for split in ("train", "test")}
