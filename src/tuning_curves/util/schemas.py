"""Errors of a JSON schema, told in one line that names the key, its value and what was expected."""

import difflib
import functools
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "schemas"


@functools.cache
def validator(name: str) -> Any:
    """The validator of `src/tuning_curves/schemas/<name>.schema.yaml`."""
    import jsonschema
    import yaml

    schema = yaml.safe_load((FOLDER / f"{name}.schema.yaml").read_text("utf-8"))
    return jsonschema.Draft202012Validator(schema)


def first_error(name: str, value: Any, part: dict[str, Any] | None = None) -> Any:
    """The first error of a value by a schema, in the order of its places; None if there is none.

    Args:
        part: a schema inside the named one, where the value is a part; `$defs` are those of all.
    """
    check = validator(name)
    if part is not None:
        check = check.evolve(schema={"$defs": check.schema["$defs"], **part})
    errors = check.iter_errors(value)
    return min(errors, key=lambda e: [str(part) for part in e.absolute_path], default=None)


def explain(error: Any, source: str, whole: str, above: str = "") -> str:
    """One line for one schema error: where, what, expected.

    Args:
        error: jsonschema's `ValidationError`.
        source: the file, or where else the value came from.
        whole: what the value is, for an error at its top.
        above: the dotted place of the value in its file, where it is a part.
    """
    parts = [above, *(str(part) for part in error.absolute_path)]
    where = ".".join(part for part in parts if part) or whole
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        extra = sorted(set(error.instance) - set(known))
        near = difflib.get_close_matches(str(extra[0]), known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f" (expected: {', '.join(known)})"
        return f"{source}: unknown key {extra[0]!r} in {where}{hint}"
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return f"{source}: {where} lacks the key {missing[0]!r}"
    if error.validator == "anyOf":  # of the kind that was meant, say what is wrong with it
        meant = [one for one in error.context if one.validator not in ("type", "const")]
        if meant:
            return explain(meant[0], source, whole, above)
    value = repr(error.instance)
    value = value if len(value) < 80 else value[:77] + "..."
    expected = {
        "type": lambda v: f"expected {v}",
        "enum": lambda v: f"expected one of {', '.join(map(str, v))}",
        "pattern": lambda v: f"expected text of the form {v}",
        "minimum": lambda v: f"expected {v} or more",
        "maximum": lambda v: f"expected {v} or less",
        "exclusiveMinimum": lambda v: f"expected more than {v}",
        "exclusiveMaximum": lambda v: f"expected less than {v}",
        "uniqueItems": lambda v: "expected each item once",
        "minLength": lambda v: f"expected {v} or more characters",
        "maxLength": lambda v: f"expected {v} or fewer characters",
        "minItems": lambda v: f"expected {v} or more items",
        "maxItems": lambda v: f"expected {v} or fewer items",
        "const": lambda v: f"expected {v!r}",
        "anyOf": lambda v: "expected " + " or ".join(str(o.get("const", o.get("type"))) for o in v),
    }.get(error.validator, lambda v: error.message)(error.validator_value)
    return f"{source}: {where} is {value}, {expected}"
