"""Entities marked by BIO labels (IOB2): B-x begins one of type x, I-x goes on, O is outside.

Sequences that no annotator would write are read as the evaluation script of the CoNLL shared tasks
reads them (Tjong Kim Sang & De Meulder 2003), and `seqeval` by default: an I-x that follows O,
nothing, or an entity of another type begins one of its own. So each sequence has a reading.
"""

from collections.abc import Sequence

Entity = tuple[str, int, int]  # its type, and the places of its first and last word


def entities(labels: Sequence[str]) -> set[Entity]:
    """The entities of a sentence, by the labels of its words.

    Labels other than B-x and I-x are outside.
    """
    found: set[Entity] = set()
    kind, first = "", 0  # of the entity that is open; no type: none is
    for place, label in enumerate([*labels, "O"]):
        own = label[2:] if label.startswith(("B-", "I-")) else ""
        if own == kind and not label.startswith("B-"):
            continue
        if kind:
            found.add((kind, first, place - 1))
        kind, first = own, place
    return found
