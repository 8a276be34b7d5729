"""SQuAD v1.1's exact match and F1 as a module of the `evaluate` library.

Load it with `evaluate.load("<path to this folder>")` or with `load_metric()` of
`tuning_curves.tasks.question_answering.metric`, where the rules themselves are; neither asks the
hub.
"""

from typing import Any

import datasets
import evaluate

from tuning_curves.tasks.question_answering.metric import GoldAnswers, percent

DESCRIPTION = "Exact match and F1 by the rules of SQuAD v1.1, in percent."
CITATION = """\
@inproceedings{rajpurkar-etal-2016-squad,
    title = "{SQ}u{AD}: 100,000+ Questions for Machine Comprehension of Text",
    author = "Rajpurkar, Pranav and Zhang, Jian and Lopyrev, Konstantin and Liang, Percy",
    booktitle = "Proceedings of the 2016 Conference on Empirical Methods in Natural Language
      Processing",
    year = "2016",
    pages = "2383--2392",
}
"""
INPUTS = """\
predictions: [{"id": str, "prediction_text": str}, ...]
references: [{"id": str, "answers": {"text": [str, ...], "answer_start": [int, ...]}}, ...]
Both in the same order of questions. Returns {"exact_match": percent, "f1": percent}.
"""


class SquadMetric(evaluate.Metric):
    """Takes what the hub's own SQuAD metric takes, and answers with the same keys."""

    def _info(self) -> evaluate.MetricInfo:
        answers = {
            "text": datasets.Sequence(datasets.Value("string")),
            "answer_start": datasets.Sequence(datasets.Value("int32")),
        }
        features = {
            "predictions": {
                "id": datasets.Value("string"),
                "prediction_text": datasets.Value("string"),
            },
            "references": {"id": datasets.Value("string"), "answers": answers},
        }
        return evaluate.MetricInfo(
            description=DESCRIPTION,
            citation=CITATION,
            inputs_description=INPUTS,
            features=datasets.Features(features),
        )

    def _compute(
        self, *, predictions: list[dict[str, Any]], references: list[dict[str, Any]]
    ) -> dict[str, float]:
        """Score by id, so that a question without a prediction counts as wrong."""
        texts = {prediction["id"]: prediction["prediction_text"] for prediction in predictions}
        golds = GoldAnswers([reference["answers"]["text"] for reference in references])
        exact, f1 = golds.score([texts.get(reference["id"]) for reference in references])
        return {"exact_match": percent(exact), "f1": percent(f1)}
