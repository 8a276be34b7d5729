"""What the tests share: a tiny encoder, a tiny SQuAD file, and the real ones where they lie ready.

All text here is invented. Nothing is downloaded: the library is told to stay offline.
"""

import copy
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings

from tuning_curves.methods.registry import plugin_names, unregister
from tuning_curves.study.config import check_study
from tuning_curves.study.grid import Study
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.util.files import sha256_of_file
from tuning_curves.util.locks import try_lock

for _name, _value in {
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",  # runners share cores; one thread also gives the same bits each time
    "RAYON_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}.items():
    os.environ.setdefault(_name, _value)

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")

ROOT = Path(__file__).resolve().parents[1]

CONFIG = ROOT / "benchmarks" / "study.yaml"

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

COMMON = (
    "the of was built in by its lamp burns and a bell weighs kilograms who when what does how much"
    " lighthouse keeper sea where which it on island oil whale coal ship light tower stone ferry"
    " market bridge winter summer morning every year is at with from two three"
)

PLACES = (
    # name, year, builder, fuel, weight
    ("Orrin", "1843", "Mara Voss", "whale oil", "300"),
    ("Tannsund", "1911", "Éloïse Ångström", "coal gas", "1,250"),
    ("Pell Rock", "1766", "Jonas T. Ake", "rapeseed oil", "85.5"),
    ("Ĉevlo", "1902", "the O'Hara sisters", "kerosene", "410"),
    ("Lower Quay", "1888", "Fatoumata Brix-Holm", "beech wood", "95"),
)
OTHER_PLACES = (
    ("Skarvik", "1857", "Ole Bratt", "seal oil", "240"),
    ("Morne Haut", "1790", "Zoë d'Albe", "olive oil", "1,020"),
    ("Anse", "1934", "T. K. Oyelaran", "petrol", "75.5"),
    ("Øyra", "1879", "the Lind brothers", "peat", "505"),
    ("Old Hythe", "1821", "Ruth Amar-Webb", "town gas", "60"),
)
WALK = (
    "In winter the ferry comes every morning. In summer it comes every two hours, and the market"
    " on the bridge is open from three to nine. "
)


@pytest.fixture(scope="session")
def made_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str, Callable[[Path], object]], Path]:
    """A function from a name and what fills a folder to that folder, for all workers of a session.

    The first worker to ask makes it, the others wait for it; it is to be read only.
    """
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def make(name: str, fill: Callable[[Path], object]) -> Path:
        folder, part = root / name, root / f"{name}.part"
        with try_lock(root / f"{name}.lock", wait=True):
            if not folder.exists():
                shutil.rmtree(part, ignore_errors=True)  # of a worker that failed
                part.mkdir()
                fill(part)
                part.rename(folder)
        return folder

    return make


def hub_rows(data: Any) -> list[dict[str, Any]]:
    """A `SquadData` as the hub holds SQuAD: one flat row a question."""
    return [
        {
            "id": q.id,
            "title": data.titles[q.article],
            "context": data.contexts[q.paragraph],
            "question": q.question,
            "answers": {
                "text": [a.text for a in q.answers],
                "answer_start": [a.start for a in q.answers],
            },
        }
        for q in data.questions
    ]


@pytest.fixture(scope="session")
def squad_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQuAD v1.1 file: 5 articles of 2 paragraphs, 5 questions each article, 25 in all.

    The first paragraph of the first article is about 200 tokens long, with its answers at the
    end, so that short windows have to overlap.
    """
    return _write_places(PLACES, tmp_path_factory.mktemp("squad") / "tiny-v1.1.json")


@pytest.fixture(scope="session")
def tiny_test_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second such file, of other articles."""
    return _write_places(OTHER_PLACES, tmp_path_factory.mktemp("squad") / "tiny-dev-v1.1.json")


def _write_places(places: Sequence[tuple[str, ...]], path: Path) -> Path:
    articles = [_article(number, *place) for number, place in enumerate(places)]
    path.write_text(json.dumps({"version": "1.1", "data": articles}, ensure_ascii=False), "utf-8")
    return path


def _article(
    number: int, name: str, year: str, builder: str, fuel: str, weight: str
) -> dict[str, Any]:
    built = f"The lighthouse of {name} was built in {year} by {builder}."
    built = WALK * 4 + built if number == 0 else built
    lamp = f"Its lamp burns {fuel} — its bell weighs {weight} kilograms. {name} lies in the sea."
    asked = (
        (0, f"Who built the lighthouse of {name}?", (builder,)),
        (0, f"  When was the lighthouse of {name} built? ", (year, f"in {year}")),
        (1, "What does the lamp burn?", (fuel, fuel.partition(" ")[0])),
        (1, "How much does the bell weigh?", (f"{weight} kilograms", weight)),
        (1, f"Where is {name}?", ("in the sea",)),
    )
    contexts = (built, lamp)
    paragraphs: list[dict[str, Any]] = [{"context": text, "qas": []} for text in contexts]
    for position, (place, question, answers) in enumerate(asked):
        found = [{"text": text, "answer_start": contexts[place].index(text)} for text in answers]
        entry = {"id": f"{number}-{position}", "question": question, "answers": found}
        paragraphs[place]["qas"].append(entry)
    return {"title": name, "paragraphs": paragraphs}


@pytest.fixture(scope="session")
def tiny_squad(squad_file: Path) -> Any:
    """The tiny file, read: a `SquadData`."""
    from tuning_curves.tasks.question_answering.data import read_squad

    return read_squad(squad_file)


@pytest.fixture(scope="session")
def tiny_test(tiny_test_file: Path) -> Any:
    """The second file, read."""
    from tuning_curves.tasks.question_answering.data import read_squad

    return read_squad(tiny_test_file)


@pytest.fixture(scope="session")
def tiny_data(squad_file: Path, tiny_test_file: Path) -> dict[str, Any]:
    """The section `data` of a study of the two files."""
    from tuning_curves.tasks.question_answering.data import content_sha256, read_squad

    files = {"train": squad_file, "test": tiny_test_file}
    return {
        "name": "tiny",
        "source": "path",
        **{split: str(path) for split, path in files.items()},
        "held_out_examples": 5,
        "content_sha256": {s: content_sha256(read_squad(path)) for s, path in files.items()},
    }


def forget_plugins() -> None:
    """As a new process begins."""
    for name in plugin_names():
        unregister(name)


@pytest.fixture
def no_plugins() -> Iterator[None]:
    """Plug-ins that a test has registered are forgotten after it."""
    yield
    forget_plugins()


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random BERT (3 layers, width 32, 4 heads) and its WordPiece tokenizer."""
    folder = tmp_path_factory.mktemp("tiny-encoder")
    vocabulary = _save_tokenizer(folder)
    _save_encoder(folder, len(vocabulary))
    return folder


def _save_tokenizer(folder: Path) -> dict[str, int]:
    """Common words are one token; all others fall apart into characters."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    characters = "abcdefghijklmnopqrstuvwxyz0123456789'.,?!—-"
    pieces = [*characters, *(f"##{c}" for c in characters if c.isalnum())]
    words = [*special, *pieces, *COMMON.split()]
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys(words))}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")],
    )
    names = dict(zip(("pad", "unk", "cls", "sep", "mask"), special, strict=True))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, **{f"{part}_token": name for part, name in names.items()}
    )
    tokenizer.save_pretrained(folder)
    return vocabulary


def _save_encoder(folder: Path, vocabulary_size: int) -> None:
    import torch
    from safetensors.torch import save_file
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=vocabulary_size,
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=256,
    )
    model = BertModel(config, add_pooling_layer=False)
    generator = torch.Generator().manual_seed(20)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(0.0, 0.2, generator=generator)  # large: attention is far from even
            if name.endswith("LayerNorm.weight"):
                parameter.add_(1.0)
    config.save_pretrained(folder)
    save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})


@pytest.fixture(scope="session")
def tiny_config(tiny_encoder: Path, tiny_data: dict[str, Any]) -> dict[str, Any]:
    """A study of the tiny encoder on the tiny file: five methods, sizes 4 and 8, one seed."""
    config = yaml.safe_load(CONFIG.read_text("utf-8"))
    config["study"] = "tiny"
    config["encoder"] = {
        "name": "tiny",
        "source": "path",
        "path": str(tiny_encoder),
        "weights_sha256": sha256_of_file(tiny_encoder / "model.safetensors"),
    }
    config["data"] = tiny_data
    config["windows"] = {"max_length": 96, "stride": 24}
    rates = {"full": 1e-3, "head": 1e-2, "bitfit": 1e-2, "adapter-houlsby-4": 1e-2}
    rates["adapter-pfeiffer-4"] = 1e-2
    config["methods"] = [{"name": name, "learning_rates": [rate]} for name, rate in rates.items()]
    config["sizes"], config["seeds"] = [4, 8], [0]
    config["budgets"] = [{"name": "epochs", "epochs": 2, "min_steps": 0}]
    config["training"] |= {"batch_size": 4, "precision": "float32", "weight_decay": 0.01}
    config["evaluation"] |= {"test_examples": "all", "validation_examples": "all"}
    config["analysis"] |= {"contrasts": [["bitfit", "full"]], "n_bootstrap": 200}
    return config


@pytest.fixture(scope="session")
def make_study(tiny_config: dict[str, Any]) -> Any:
    """A function from changes (`{"training": {"batch_size": 2}}`) to a checked tiny study."""

    def make(changes: dict[str, Any] | None = None) -> Study:
        config = copy.deepcopy(tiny_config)
        for key, value in (changes or {}).items():
            config[key] = {**config[key], **value} if isinstance(value, dict) else value
        return check_study(config, "tiny")

    return make


@pytest.fixture(scope="session")
def tiny_windows(
    tiny_config: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """Folders of the fetched tiny encoder and of its windows."""
    from tuning_curves.data.fetch_data import fetch_data, open_data
    from tuning_curves.encoders.fetch_encoder import fetch_encoder
    from tuning_curves.tasks import make_task
    from tuning_curves.tasks.windows import make_windows

    root = tmp_path_factory.mktemp("tiny-resources")
    config = check_study(tiny_config, "tiny").config
    fetch_encoder(config.encoder, root / "encoder")
    task = make_task(config.task)
    fetch_data(task, config.data, root / "data")
    make_windows(
        task,
        open_data(task, root / "data"),
        root / "encoder",
        root / "windows",
        **tiny_config["windows"],
    )
    return root / "encoder", root / "windows"


@pytest.fixture
def places(tiny_windows: tuple[Path, Path], tmp_path: Path) -> WorkerPaths:
    """The tiny resources and a fresh workspace."""
    encoder, windows = tiny_windows
    return WorkerPaths(encoder=encoder, windows=windows, workspace=tmp_path / "workspace")


@pytest.fixture(scope="session")
def real_encoder() -> Path:
    """The folder of all-MiniLM-L6-v2, where the demo's resources have been fetched."""
    from tuning_curves.study.config import read_study
    from tuning_curves.study.paths import StudyPaths

    folder = StudyPaths(read_study(ROOT / "config" / "demo.yaml"), ROOT).encoder
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        if not (folder / name).is_file():
            pytest.skip(f"no {name} in {folder.relative_to(ROOT)}: fetch the demo's encoder first")
    return folder


@pytest.fixture(scope="session")
def real_squad() -> Path:
    """The folder with train-v1.1.json and dev-v1.1.json, where the user has put them."""
    folder = ROOT / "data" / "squad"
    for name in ("train-v1.1.json", "dev-v1.1.json"):
        if not (folder / name).is_file():
            pytest.skip(f"no {name} in {folder.relative_to(ROOT)}: put SQuAD v1.1 there")
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--base-sized",
        action="store_true",
        help="the loopback hub serves an encoder of BERT-base's size (440 MB)",
    )
    parser.addoption(
        "--slurm-logs",
        type=Path,
        metavar="DIR",
        help="keep the logs of Slurm's daemons and of Snakemake of `-m cluster` here",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the folders that `make test-quick` leaves out."""
    for item in items:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        if folder in ("faults", "hub"):
            item.add_marker(folder)


@pytest.fixture
def base_sized(request: pytest.FixtureRequest) -> bool:
    """Whether `--base-sized` was given."""
    return request.config.getoption("--base-sized")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium or Chrome as the system has it, driven by playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    installed = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if installed is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)}")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        yield started
        started.close()
