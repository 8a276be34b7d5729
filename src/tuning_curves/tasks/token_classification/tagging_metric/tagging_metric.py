"""Accuracy over words and entity F1 as a module of the `evaluate` library.

Load it with `evaluate.load("<path to this folder>")`, which does not ask the hub. Entities are read
off by `tuning_curves.tasks.entities`.
"""

import datasets
import evaluate

from tuning_curves.tasks.entities import entities
from tuning_curves.util.errors import DataError

DESCRIPTION = """\
Accuracy over words, and the F1 of entities of which type and place agree: in percent, as seqeval
counts them by default. Labels are BIO; others mark no entity.
"""
CITATION = """\
@inproceedings{tjong-kim-sang-de-meulder-2003-introduction,
    title = "Introduction to the {C}o{NLL}-2003 Shared Task: Language-Independent Named Entity
      Recognition",
    author = "Tjong Kim Sang, Erik F. and De Meulder, Fien",
    booktitle = "Proceedings of the Seventh Conference on Natural Language Learning at
      {HLT}-{NAACL} 2003",
    year = "2003",
    pages = "142--147",
}
"""
INPUTS = """\
predictions: [[str, ...], ...], the label of each word of each sentence; references: likewise.
Returns {"accuracy": percent, "entity_f1": percent}; entity_f1 is 0 where no entity is predicted or
gold.
"""


class TaggingMetric(evaluate.Metric):
    """Takes labels by name, sentence by sentence, and answers with the metrics that tables have."""

    def _info(self) -> evaluate.MetricInfo:
        labels = datasets.Sequence(datasets.Value("string"))
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation=CITATION,
            inputs_description=INPUTS,
            features=datasets.Features({"predictions": labels, "references": labels}),
        )

    def _compute(
        self, *, predictions: list[list[str]], references: list[list[str]]
    ) -> dict[str, float]:
        """Raises: DataError: a sentence with more labels on one side."""
        pairs = list(zip(predictions, references, strict=True))
        for number, (guess, gold) in enumerate(pairs):
            if len(guess) != len(gold):
                raise DataError(
                    f"sentence number {number} (from 0) has {len(guess)} predicted labels and "
                    f"{len(gold)} gold ones, expected as many of either",
                    fix="label every word",
                )
        right = sum(a == b for guess, gold in pairs for a, b in zip(guess, gold, strict=True))
        marked = [(entities(guess), entities(gold)) for guess, gold in pairs]
        found = sum(len(guess & gold) for guess, gold in marked)
        either = sum(len(guess) + len(gold) for guess, gold in marked)
        return {
            "accuracy": 100 * right / sum(map(len, references)),
            "entity_f1": 100 * 2 * found / either if either else 0.0,
        }
