"""The account of a whole study counts its runs; what an operation is comes from the engine."""

from pathlib import Path

import pytest
import yaml

from benchmarks.whole_study import Share, has_bases_shapes, shares_of
from tuning_curves.study.config import check_study, read_study
from tuning_curves.study.grid import Study
from tuning_curves.util.errors import UsageError

CONFIG = Path(__file__).resolve().parents[2] / "config"
STUDY = CONFIG.parent / "benchmarks" / "study.yaml"


def test_runs_and_questions_by_method() -> None:
    config = yaml.safe_load(STUDY.read_text("utf-8"))
    config |= {"methods": config["methods"][:1], "sizes": [100], "seeds": [0]}
    config |= {"budgets": config["budgets"][:1]}
    config["analysis"]["contrasts"] = []
    shares = shares_of(check_study(config, "s.yaml"))
    # 100 questions, three epochs of 13 steps of 8, one seed; 300 and 150 questions are scored
    assert shares["full"] == Share(runs=1, trained=312, scored=450)


def test_an_encoder_without_known_shapes_is_refused() -> None:
    config = read_study(STUDY).config
    assert not has_bases_shapes(Study(config))
    assert has_bases_shapes(read_study(CONFIG / "bert-base-squad.yaml"))
    encoder = config.encoder.model_copy(update={"name": "another"})
    other = config.model_copy(update={"encoder": encoder})
    with pytest.raises(UsageError, match="'another', expected all-MiniLM-L6-v2 or a bert-base"):
        has_bases_shapes(Study(other))
