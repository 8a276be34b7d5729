"""Values checked by pydantic, whose first error is told in one line: key, value, what was expected.

A training process does without: it reads what was checked before.
"""

import difflib
import functools
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, TypeVar, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tuning_curves.util.errors import UsageError

T = TypeVar("T")


class Section(BaseModel):
    """A closed, unchangeable group of keys: an unknown one is an error that offers the nearest."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, value: Any) -> Any:
        return _known(value, [f.alias or name for name, f in cls.model_fields.items()])


def _known(value: Any, known: list[str]) -> Any:
    """The value, unless it is a mapping with a key that is not among the known ones."""
    for key in value if isinstance(value, Mapping) else ():
        if key not in known:
            raise PydanticCustomError("unknown_key", "", {"key": str(key), "known": known})
    return value


def known_to_any(*kinds: type[Section]) -> BeforeValidator:
    """For a union of sections: a key that none of them has is told before all else."""
    known = list(dict.fromkeys(key for kind in kinds for key in kind.model_fields))
    return BeforeValidator(lambda value: _known(value, known))


def expected(what: str) -> PydanticCustomError:
    """The error of a value that is not what was expected."""
    return PydanticCustomError("expected", "{what}", {"what": what})


def _once(values: tuple[T, ...]) -> tuple[T, ...]:
    seen: set[str] = set()
    for value in values:
        if repr(value) in seen:
            raise expected("each item once")
        seen.add(repr(value))
    return values


LocalPath = Annotated[str, AfterValidator(os.path.expanduser)]  # `~` is the home directory
ONCE = AfterValidator(_once)  # of a tuple: it lists each item once


def validate(kind: Any, value: Any, source: str, whole: str, fix: str) -> Any:
    """The value as `kind`: a pydantic model, or any type with annotations.

    Args:
        source: the file, or where else the value came from.
        whole: what the value is, for an error at its top.

    Raises:
        UsageError: the first error, in the order of the places.
    """
    try:
        return _adapter(kind).validate_json(json.dumps(value, default=str))
    except ValidationError as error:
        raise UsageError(first_error(error, value, source, whole, kind), fix=fix) from None


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def first_error(
    error: ValidationError, value: Any, source: str, whole: str, kind: Any = None
) -> str:
    """One line for the first of pydantic's errors; `kind` is what the value was checked as."""
    errors = [e for e in error.errors(include_url=False) if not _follows(e)]
    first = min(errors, key=lambda e: [str(part) for part in _place(e, value)])
    return explain(first, value, source, whole, kind)


def _follows(error: Mapping[str, Any]) -> bool:
    """Whether a list is called too short only since its items are wrong, which is told as well."""
    return error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]


def explain(
    error: Mapping[str, Any],
    value: Any,
    source: str,
    whole: str,
    kind: Any = None,
) -> str:
    """One line for one error: where, what, expected."""
    place = _place(error, value)
    what, context = error["type"], error.get("ctx", {})
    if what == "unknown_key":
        hint = _hint(context["key"], context["known"])
        return f"{source}: unknown key {context['key']!r} in {_dotted(place) or whole}{hint}"
    if what == "unexpected_keyword_argument":  # of a dataclass
        hint = _hint(str(place[-1]), _keys_at(kind, place[:-1]))
        return f"{source}: unknown key {place[-1]!r} in {_dotted(place[:-1]) or whole}{hint}"
    if error["loc"] and error["loc"][-1] == "[key]":
        return f"{source}: unknown key {error['input']!r} in {_dotted(place[:-1])}"
    if what == "missing":
        return f"{source}: {_dotted(place[:-1]) or whole} lacks the key {str(place[-1])!r}"
    if what == "union_tag_not_found":
        key = context["discriminator"].strip("'")
        return f"{source}: {_dotted(place) or whole} lacks the key {key!r}"
    shown = error["input"]
    if what == "union_tag_invalid":
        place, shown = [*place, context["discriminator"].strip("'")], context["tag"]
    shown = repr(shown)
    shown = shown if len(shown) < 80 else shown[:77] + "..."
    return f"{source}: {_dotted(place) or whole} is {shown}, expected {_wanted(error)}"


def _hint(key: str, known: Iterable[str]) -> str:
    """Which key may have been meant, or which ones there are."""
    listed = list(known)
    near = difflib.get_close_matches(key, listed, n=1)
    return f"; did you mean {near[0]!r}?" if near else f" (expected: {', '.join(listed)})"


def _keys_at(kind: Any, place: Iterable[Any]) -> list[str]:
    """The keys of the dataclass at a place below another one; none where it is something else."""
    for part in place:
        kind = get_type_hints(kind).get(part) if is_dataclass(kind) else None
    return [field.name for field in fields(kind)] if is_dataclass(kind) else []


WANTED = {
    "int_type": "integer",
    "int_parsing": "integer",
    "float_parsing": "number",
    "int_from_float": "integer",
    "float_type": "number",
    "string_type": "string",
    "bool_type": "boolean",
    "tuple_type": "array",
    "list_type": "array",
    "dict_type": "object",
    "model_type": "object",
    "model_attributes_type": "object",
    "dataclass_type": "object",
    "dataclass_exact_type": "object",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "greater_than": "more than {gt}",
    "less_than": "less than {lt}",
    "too_short": "{min_length} or more items",
    "too_long": "{max_length} or fewer items",
    "string_too_short": "{min_length} or more characters",
    "string_too_long": "{max_length} or fewer characters",
    "string_pattern_mismatch": "text of the form {pattern}",
    "finite_number": "number",
    "expected": "{what}",
}


def _wanted(error: Mapping[str, Any]) -> str:
    """What was expected in the place of an error's value."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "literal_error":
        return "one of " + context["expected"].replace("'", "").replace(" or ", ", ")
    if kind == "union_tag_invalid":
        return "one of " + context["expected_tags"].replace("'", "")
    if kind in WANTED:
        numbers = {
            k: int(v) if isinstance(v, float) and v == int(v) else v for k, v in context.items()
        }
        return WANTED[kind].format(**numbers)
    return f"something else ({error['msg']})"


def _dotted(parts: Iterable[Any]) -> str:
    return ".".join(str(part) for part in parts if part != "")


def _place(error: Mapping[str, Any], value: Any) -> list[int | str]:
    """An error's place in the value itself: the tags that pydantic gives to unions are left out."""
    place: list[int | str] = []
    loc = error["loc"]
    tagged = False  # whether the present section's `source` or `kind` has been passed
    for number, part in enumerate(loc):
        tags = (value.get("source"), value.get("kind")) if isinstance(value, Mapping) else ()
        is_tag = part in tags and not tagged
        if is_tag:
            tagged = True
            continue
        if (isinstance(value, Mapping) and part in value) or (
            isinstance(value, list | tuple) and isinstance(part, int) and part < len(value)
        ):
            value = value[part]
        elif error["type"] != "missing" or number + 1 < len(loc):
            continue  # a union's tag, or the mark of a key
        tagged = False
        place.append(part)
    return place
