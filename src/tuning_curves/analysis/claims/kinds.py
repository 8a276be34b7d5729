"""Every kind of rule, found by its class: what a claim's `rule` may be."""

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, get_origin

from pydantic import Field

from tuning_curves.analysis.claims import orders, steps
from tuning_curves.analysis.claims.rules import Rule

MODULES = (orders, steps)  # beside `rules`, whose classes they extend


def _kinds(above: type[Rule] = Rule) -> Iterator[type[Rule]]:
    """Every class below that names its kind."""
    for below in above.__subclasses__():
        if get_origin(below.model_fields["kind"].annotation) is Literal:
            yield below
        yield from _kinds(below)


KINDS: tuple[type[Rule], ...] = tuple(_kinds())
AnyRule: Any = Annotated[reduce(or_, KINDS), Field(discriminator="kind")]
