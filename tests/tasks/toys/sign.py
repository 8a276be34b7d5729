"""A toy task: whether a sentence is good (1) or bad (0), read off the state of its first token."""

import numpy as np

from tuning_curves.tasks.base import Nouns, Part, Task
from tuning_curves.tasks.dataset import GroupedRows
from tuning_curves.tasks.metrics import Mean
from tuning_curves.tasks.windows import Windows, bounds_of


class Sign(Task):
    name, outputs, files = "sign", 2, 'JSON: [["topic", "text", 0 or 1], ...]'
    parts = (Part(name="right", kind="bit"),)
    metrics = (Mean(name="accuracy", label="accuracy", heading="Acc.", part="right"),)
    metric_names = ("accuracy",)
    nouns = Nouns(example="sentence", examples="sentences", group="topic", groups="topics")

    @classmethod
    def parse(cls, value, source):
        return GroupedRows(value)

    def encode(self, data, tokenizer, *, max_length, stride):
        read = [one.ids[:max_length] for one in tokenizer.encode_batch([r[1] for r in data.rows])]
        arrays = {
            "tokens": np.concatenate(read),
            "token_bounds": bounds_of([len(ids) for ids in read]),
            "types": np.zeros(sum(map(len, read)), np.uint8),
            "labels": np.array([row[2] for row in data.rows], np.int32),
            "window_bounds": np.arange(len(read) + 1),
            "group_sizes": data.group_sizes,
        }
        return Windows(arrays)

    def loss(self, logits, rows, labels):
        firsts = logits[rows.device_bounds[:-1].long()]
        return -firsts.log_softmax(1).gather(1, labels[:, None]).mean()

    def predict(self, logits, sample):
        found = np.empty(len(sample.examples), np.int64)
        found[sample.owner] = logits[sample.bounds[:-1]].argmax(1)
        return found

    def measure(self, predictions, sample):
        return {"right": predictions == sample.source.labels[sample.examples]}


TASK = Sign
