"""fastText's lines, `__label__good Well done.`, which doccano exports too (fasttext.cc/docs)."""

from collections.abc import Iterator

from tuning_curves.data.importing.drafts import Draft

MARK = "__label__"


def is_fasttext(text: str) -> bool:
    """Whether the first line begins with a label."""
    return text.lstrip().startswith(MARK)


def read_fasttext(text: str) -> Iterator[Draft]:
    """The texts with the labels at their beginnings; empty lines are passed over."""
    for number, line in enumerate(text.split("\n"), 1):
        rest, labels = line.strip(), []
        while rest.startswith(MARK):
            label, _, rest = rest.partition(" ")
            labels.append(label.removeprefix(MARK))
        if rest or labels:
            yield Draft(f"line {number}", {"text": rest.strip(), "label": labels}, open=True)
