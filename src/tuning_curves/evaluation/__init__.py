"""From logits to answers, and from answers to exact match and F1."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import evaluate


def load_metric(experiment_id: str | None = None) -> "evaluate.Metric":
    """The metric as an `evaluate` module, loaded from this package, so without the hub.

    `evaluate` copies the module's code and keeps pending predictions under HF_HOME (by default
    ~/.cache/huggingface): set that variable before Python starts where the home directory is
    shared, read-only or small. Nothing is set here.

    Args:
        experiment_id: names the file of pending predictions; give each of several parallel
            processes its own.
    """
    import evaluate

    options = {} if experiment_id is None else {"experiment_id": experiment_id}
    return evaluate.load(str(Path(__file__).with_name("squad_metric")), **options)
