"""What each key of a study takes, from the types that check it (`study/config.py`, `tasks/`)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from docsite.writing import code, first_sentence, table
from tuning_curves.study.config import StudyConfig
from tuning_curves.tasks import task_class, task_names

OPENING = """\
# Types of a study's keys

What each key takes, as the program checks it. [Studies](../config/README.md#keys) says what each
key means and why one would change it. *Required* keys have no default: a study says all that its
numbers hang on. A key that does not stand here is an error, which offers the nearest one.
"""
CHOOSES = ("source", "kind", "name")  # keys whose value says which keys a section has
NOUNS = {"integer": "a whole number", "number": "a number", "boolean": "`true` or `false`"}
Schema = Mapping[str, Any]


PATTERNS = {  # in words; any other is shown as it is
    "^[0-9a-f]{64}$": "a sha256: 64 digits from 0 to f",
    "^[0-9a-f]{40}$": "a commit: 40 digits from 0 to f",
    "^[a-z][a-z0-9-]*$": "a name of small letters, digits and hyphens",
    "^[A-Za-z0-9][A-Za-z0-9._-]*$": "a name of letters, digits, dots, hyphens and underscores",
}


@dataclass(kw_only=True)
class Section:
    """A group of keys: where it stands in the file, what it is, and its keys with their schemas."""

    anchor: str
    places: list[str]
    says: str
    keys: Mapping[str, Schema]
    required: frozenset[str]


def sections() -> list[Section]:
    """Every group of keys once, in the order in which a study's file has them."""
    schema = StudyConfig.model_json_schema()
    found: dict[str, Section] = {}
    _gather("", "", schema, schema["$defs"], found)
    return list(found.values())


def page() -> str:
    """The page, in Markdown: a table for each group of keys."""
    return "\n".join([OPENING, *map(_table, sections())])


def _gather(
    name: str, place: str, schema: Schema, known: Schema, found: dict[str, Section]
) -> None:
    """Add a group of keys, and those below it; one that is there already gets a place more."""
    if name in found:
        if place not in found[name].places:
            found[name].places.append(place)
        return
    keys = schema["properties"]
    found[name] = Section(
        anchor=_anchor(name),
        places=[place] if place else [],
        says=schema["description"],
        keys=keys,
        required=frozenset(schema.get("required", ())),
    )
    for key, value in keys.items():
        inner = f"{place.partition(' ')[0]}.{key}".lstrip(".")
        if inner == "task":
            found |= {task.anchor: task for task in _tasks()}
        kinds = list(dict.fromkeys(_references(value)))
        for kind in kinds:
            below = known[kind]
            _gather(kind, inner + _chosen(below) * (len(kinds) > 1), below, known, found)


def _anchor(name: str) -> str:
    return f"keys-{name.lower() or 'file'}"


def _references(schema: Any) -> Iterator[str]:
    """The names of the groups that a key's value may be."""
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        for key, part in schema.items():
            if key != "discriminator":  # says once more what `oneOf` says
                yield from _references(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _references(part)


def _chosen(schema: Schema) -> str:
    """Which value of a key chooses this group among others."""
    for key in CHOOSES:
        found = schema["properties"].get(key, {})
        values = found.get("enum", [found["const"]] if "const" in found else [])
        if values:
            return f" with {key}: {' or '.join(values)}"
    return ""


def _tasks() -> Iterator[Section]:
    """A task's keys are the fields of its class, whose constructor checks them."""
    for name in task_names():
        kind = task_class(name)
        keys: dict[str, Schema] = {"name": {"const": name}}
        keys |= {field.name: {"type": _type(field.type)} for field in fields(kind)}
        yield Section(
            anchor=_anchor(name),
            places=[f"task with name: {name}"],
            says=first_sentence(kind.__doc__),
            keys=keys,
            required=frozenset(keys),
        )


def _type(annotation: Any) -> str:
    """A field's type, as JSON Schema calls it."""
    return {int: "integer", str: "string"}.get(annotation, "array")


def _table(section: Section) -> str:
    rows = [
        (
            code(key),
            "yes" if key in section.required else _default(value),
            _takes(value),
        )
        for key, value in section.keys.items()
    ]
    heading = ", ".join(map(code, section.places)) or "The file"
    opening = f"## {heading} {{#{section.anchor}}}\n\n{section.says}\n\n"
    return opening + table(("key", "required", "takes"), rows)


def _default(schema: Schema) -> str:
    value = schema.get("default")
    return "no" if value is None else f"no: {code(json.dumps(value).strip(chr(34)))} if left out"


def _takes(schema: Schema) -> str:
    """A value's type and limits, in words."""
    options = [o for o in schema.get("anyOf", schema.get("oneOf", ())) if o != {"type": "null"}]
    if "$ref" in schema or (options and all("$ref" in option for option in options)):
        return f"[keys of its own](#{_anchor(next(_references(schema)))})"
    if options:
        return ", or ".join(map(_takes, options))
    if "const" in schema:
        return code(schema["const"])
    if "enum" in schema:
        return ", ".join(map(code, schema["enum"]))
    return _of_type(schema)


def _of_type(schema: Schema) -> str:
    kind = schema.get("type")
    if kind in NOUNS:
        return NOUNS[kind] + _limits(schema)
    if kind == "array":
        return _list(schema)
    if kind == "object":
        return _mapping(schema)
    pattern = schema.get("pattern")
    return PATTERNS.get(pattern, f"text like {code(pattern)}") if pattern else "text"


def _list(schema: Schema) -> str:
    if "prefixItems" in schema:
        items = schema["prefixItems"]
        return f"a list of {len(items)}, each {_takes(items[0])}"
    return f"a list, each {_takes(schema['items'])}" if "items" in schema else "a list"


def _mapping(schema: Schema) -> str:
    """Of keys that the study itself names; a mapping that says nothing of them is a task's."""
    values = [schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()]
    found = [value for value in values if isinstance(value, Mapping)]
    return f"keys by name, each {_takes(found[0])}" if found else "keys of its own: the task's"


def _limits(schema: Schema) -> str:
    signs = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most",
             "exclusiveMaximum": "below"}  # fmt: skip
    found = [f"{word} {schema[key]:,}" for key, word in signs.items() if key in schema]
    return f" {' and '.join(found)}" if found else ""
