"""What a task is: what is read, how it is cut into windows, the head, the loss and the metrics.

Every head is a linear map on the packed token states, and every metric a function of sums over
examples, so that training, records, tables, claims and figures need to know no more of a task than
what stands here.
"""

from abc import ABC
from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True, kw_only=True)
class Part:
    """A number of each example that metrics are made of, and that records keep the sum of.

    Attributes:
        name: as records name it.
        kind: `bit` (0 or 1, kept exactly) or `share` (0 to 1, kept to 1/255).
    """

    name: str
    kind: Literal["bit", "share"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A score of a run: the mean of one part over the examples, in percent.

    Attributes:
        name: as tables and claims name it.
        label: in a sentence, `exact match`.
        heading: over a column or along an axis, `EM`.
        part: the name of the part that it is the mean of.
    """

    name: str
    label: str
    heading: str
    part: str


@dataclass(frozen=True, kw_only=True)
class Nouns:
    """What examples and groups are called in sentences and on axes."""

    example: str
    examples: str
    group: str
    groups: str


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """One kind of question asked of an encoder; its fields are the keys of a study's `task`."""

    name: ClassVar[str]
    outputs: ClassVar[int]  # width of the head
    parts: ClassVar[tuple[Part, ...]]
    metrics: ClassVar[tuple[Metric, ...]]  # the first one is the study's
    nouns: ClassVar[Nouns]
    published_encoders: ClassVar[tuple[str, ...]] = ()  # of the paper that is replicated
    published_data: ClassVar[tuple[str, ...]] = ()  # names of data that are the paper's
