"""The commands and their options, from the parsers that read them."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from docsite.writing import code, plain, table
from tuning_curves.cli import make_parser

OPENING = """\
# Commands

`tuning-curves COMMAND --help` prints the same. The workflow (`snakemake --cores all`) calls most of
these commands, one after the other; each can be called by hand. [Exit statuses](exit-statuses.md)
are the same for all.
"""
HIDDEN = (argparse._HelpAction, argparse._VersionAction)


@dataclass(frozen=True, kw_only=True)
class Command:
    """A subcommand: its parser, and the line that the list of commands has on it."""

    name: str
    help: str
    parser: argparse.ArgumentParser


def commands() -> list[Command]:
    """Every subcommand, in the order in which they are declared."""
    found: Any = next(
        a for a in make_parser()._actions if isinstance(a, argparse._SubParsersAction)
    )
    return [
        Command(name=listed.dest, help=listed.help, parser=found.choices[listed.dest])
        for listed in found._choices_actions
    ]


def page() -> str:
    """The page, in Markdown: a list of all commands, then a section for each."""
    found = commands()
    rows = [(f"[`{each.name}`](#{anchor(each.name)})", plain(each.help)) for each in found]
    return "\n".join([OPENING, table(("command", "does"), rows), *map(_section, found)])


def anchor(name: str) -> str:
    """Where a command stands in the page."""
    return f"tuning-curves-{name}"


def _section(command: Command) -> str:
    name, parser = command.name, command.parser
    parts = [
        f"## `tuning-curves {name}` {{#{anchor(name)}}}\n",
        plain(parser.description or "") + "\n",
        _fenced(_usage(parser)),
        *_options(parser),
    ]
    if parser.epilog:
        parts.append(_fenced(parser.epilog))
    return "\n".join(parts)


def _usage(parser: argparse.ArgumentParser) -> str:
    opening = "usage: "
    lines = parser.format_usage().splitlines()
    return "\n".join(line[len(opening) :] for line in lines)


def _fenced(text: str) -> str:
    return f"```text\n{text.strip()}\n```\n"


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    actions = [action for action in parser._actions if not isinstance(action, HIDDEN)]
    if actions:
        rows = [_option(action, parser) for action in actions]
        yield table(("option", "required", "default", "meaning"), rows)


def _option(action: argparse.Action, parser: argparse.ArgumentParser) -> tuple[str, str, str, str]:
    formatter = parser._get_formatter()
    text = formatter._expand_help(action) if action.help else ""
    default = action.default
    shown = "" if default in (None, False, argparse.SUPPRESS) or action.required else str(default)
    return (
        code(_call(action)),
        "yes" if action.required else "",
        code(shown),
        plain(text.replace(f" (default: {shown})", "")),
    )


def _call(action: argparse.Action) -> str:
    """As it is typed: `--size N`, or the name of what stands without a dash."""
    if action.choices is not None:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    else:
        value = str(action.metavar or action.dest.upper())
    if not action.option_strings:
        return value
    takes = "" if action.nargs == 0 else f" {value}"
    return f"{', '.join(action.option_strings)}{takes}"
