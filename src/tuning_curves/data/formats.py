"""A study's key `data.format`: how files of labelled examples are written.

Columns are given by the task's field names: `columns: {text: review, label: 2}` takes the field
`text` from the column headed `review`, and `label` from the second one (numbers count from 1).
Without `columns`, each field is read from the column of its own name.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Strict

from tuning_curves.util.validation import Section, expected, known_to_any

FieldName = Annotated[str, Field(min_length=1)]
Number = Annotated[int, Field(ge=1)]
Key = Annotated[str, Field(min_length=1)]
Names = Annotated[dict[FieldName, Key], Field(min_length=1)]
Numbers = Annotated[dict[FieldName, Number], Field(min_length=1)]
CONLLU = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
LIST = Strict(False)  # YAML's lists become tuples


def _name_or_number(value: Any) -> Any:
    if (isinstance(value, str) and value) or (type(value) is int and value >= 1):
        return value
    raise expected("a column's name, or its number from 1")


Column = Annotated[int | str, BeforeValidator(_name_or_number)]
NamesOrNumbers = Annotated[dict[FieldName, Column], Field(min_length=1)]


class Own(Section):
    """The task's own layout: SQuAD v1.1's for question answering."""

    kind: Literal["squad"]


class Delimited(Section):
    """A line an example, its columns parted by commas or tabs (RFC 4180's quotes)."""

    kind: Literal["csv", "tsv"]
    header: bool  # whether the first line names the columns
    columns: NamesOrNumbers | None = None
    quoting: bool = True  # False: a quotation mark is a character like any other


class JsonRows(Section):
    """An object an example: one on each line (`jsonl`), or all in one list (`json`)."""

    kind: Literal["jsonl", "json"]
    columns: Names | None = None


class Conllu(Section):
    """CoNLL-U (universaldependencies.org/format.html): words are FORM, labels a column."""

    kind: Literal["conllu"]
    labels: Literal["UPOS", "XPOS", "LEMMA", "FEATS", "DEPREL", "MISC"] = "UPOS"
    documents: bool = True  # whether `# newdoc` opens a group


class WordColumns(Section):
    """A line a word, its columns parted; a blank line ends a sentence (the CoNLL tasks' files)."""

    kind: Literal["columns"]
    columns: Numbers
    separator: Literal["tab", "space"]  # `space`: any number of blanks or tabs
    documents: bool = True  # whether `-DOCSTART-` opens a group


KINDS = (Own, Delimited, JsonRows, Conllu, WordColumns)
Format = Own | Delimited | JsonRows | Conllu | WordColumns
AnyFormat = Annotated[Format, Field(discriminator="kind"), known_to_any(*KINDS)]


class Bin(Section):
    """Numbers from `at_least` to `at_most`, both included, have this label."""

    label: Annotated[str, Field(min_length=1)]
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool:
        """Whether the number lies in it."""
        return (self.at_least is None or self.at_least <= value) and (
            self.at_most is None or value <= self.at_most
        )


Bins = Annotated[tuple[Bin, ...], LIST, Field(min_length=1)]
