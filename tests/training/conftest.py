import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuning_curves.study.config import check_study
from tuning_curves.study.grid import Study
from tuning_curves.study.paths import Places
from tuning_curves.util.files import sha256_of_file

CONFIG = Path(__file__).resolve().parents[2] / "config" / "squad-slice.yaml"


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
    config["features"] = {"max_length": 96, "doc_stride": 24}
    rates = {"full": 1e-3, "head": 1e-2, "bitfit": 1e-2, "adapter-houlsby-4": 1e-2}
    rates["adapter-pfeiffer-4"] = 1e-2
    config["methods"] = [{"name": name, "learning_rates": [rate]} for name, rate in rates.items()]
    config["sizes"], config["seeds"] = [4, 8], [0]
    config["budgets"] = [{"name": "epochs", "epochs": 2, "min_steps": 0}]
    config["training"] |= {"batch_size": 4, "precision": "float32", "weight_decay": 0.01}
    config["evaluation"] |= {"dev_questions": "all", "selection_questions": "all"}
    config["analysis"] |= {"contrasts": [["bitfit", "full"]], "draws": 200}
    return config


@pytest.fixture
def make_study(tiny_config: dict[str, Any]) -> Any:
    """A function from changes (`{"training": {"batch_size": 2}}`) to a checked tiny study."""

    def make(changes: dict[str, Any] | None = None) -> Study:
        config = copy.deepcopy(tiny_config)
        for key, value in (changes or {}).items():
            config[key] = {**config[key], **value} if isinstance(value, dict) else value
        return check_study(config, "tiny")

    return make


@pytest.fixture(scope="session")
def tiny_features(
    tiny_config: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """Folders of the fetched tiny encoder and of its features."""
    from tuning_curves.data.fetch import fetch_data, open_data
    from tuning_curves.encoders.fetch import fetch_encoder
    from tuning_curves.tasks.question_answering.windows import make_features

    root = tmp_path_factory.mktemp("tiny-resources")
    fetch_encoder(tiny_config["encoder"], root / "encoder")
    fetch_data(tiny_config["data"], root / "data")
    make_features(
        open_data(root / "data"),
        root / "encoder",
        root / "features",
        **tiny_config["features"],
    )
    return root / "encoder", root / "features"


@pytest.fixture
def places(tiny_features: tuple[Path, Path], tmp_path: Path) -> Places:
    """The tiny resources and a fresh workspace."""
    encoder, features = tiny_features
    return Places(encoder=encoder, features=features, workspace=tmp_path / "workspace")
