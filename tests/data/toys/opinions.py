"""A toy task with rows of fields: an opinion is a text with a label; readers and filters use it."""

from dataclasses import dataclass

from tuning_curves.tasks.base import Field, Nouns, Part, Task
from tuning_curves.tasks.dataset import GroupedRows, group_of, side_by_side
from tuning_curves.tasks.metrics import Mean
from tuning_curves.util.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Opinions(Task):
    """Nothing is computed: only what is read matters."""

    labels: tuple

    name = "opinions"
    parts = (Part(name="right", kind="bit"),)
    metrics = (Mean(name="accuracy", label="accuracy", heading="Acc.", part="right"),)
    nouns = Nouns(example="opinion", examples="opinions", group="author", groups="authors")
    fields = (
        Field("text", "what is said"),
        Field("label", "what it is"),
        Field("group", "who says it", required=False),
    )
    files = "rows"
    outputs = 2
    encode = loss = predict = measure = None

    def parse(self, value, source):
        return GroupedRows(value)

    def read_rows(self, rows, source):
        found = []
        for where, row in rows:
            if row["label"] not in self.labels or not row["text"].strip():
                raise DataError(f"{where}: {row['label']!r} or {row['text']!r}")
            found.append([group_of(row, where), row["text"], row["label"]])
        if not found:
            raise DataError(f"{source}: no opinions")
        return GroupedRows(side_by_side(found))


TASK = Opinions
