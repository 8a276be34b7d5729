"""`tuning-curves pin`: the hashes of a study's sources, to be written into its file."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add

DESCRIPTION = """\
Read what a study names and print the lines that pin it in the study's file: the hashes of the
data's content, which do not depend on how its files are written, and of an encoder's files.
Data that is not here is fetched. With --encoder, the hashes of a checkpoint's folder.
"""
EPILOG = """\
examples:
  $ tuning-curves pin --study config/my-study.yaml
  $ tuning-curves pin --encoder ~/models/bert-base-cased
"""


def add_parser(subparsers: Any) -> None:
    """Declare the subcommand."""
    parser = add(
        subparsers,
        "pin",
        run,
        help="print the hashes that a study pins",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("--encoder", type=Path, metavar="DIR", help="Hugging Face checkpoint")
    parser.add_argument("--study", type=Path, metavar="FILE", help="config/<study>.yaml")


def run(args: argparse.Namespace) -> int:
    """Print YAML lines."""
    from tuning_curves.util.errors import UsageError

    if not (args.encoder or args.study):
        raise UsageError("nothing to pin", fix="give --study or --encoder")
    if args.study:
        _pin_study(args.study)
    if args.encoder:
        _pin_encoder(args.encoder)
    return 0


def _pin_encoder(folder: Path) -> None:
    """The hashes of the weights and of the other files."""
    from tuning_curves.encoders.verify import NEEDED, OPTIONAL, check_checkpoint, check_complete
    from tuning_curves.util.errors import ResourceError
    from tuning_curves.util.files import sha256_of_file

    if not folder.is_dir():
        raise ResourceError(f"{folder}: no such folder", fix="correct the path")
    present = [path.name for path in folder.iterdir()]
    check_complete(folder, present, str(folder))
    check_checkpoint(folder)
    print(f"weights_sha256: {sha256_of_file(folder / 'model.safetensors')}")
    others = [n for n in (*NEEDED, *OPTIONAL) if n in present and n != "model.safetensors"]
    _print_files({name: sha256_of_file(folder / name) for name in others})


def _print_files(hashes: Mapping[Any, str], indent: str = "") -> None:
    print(f"{indent}files_sha256:")
    for name, found in hashes.items():
        print(f"{indent}  {name}: {found}")


def _pin_study(path: Path) -> None:
    """The pins of a study, each below the section where it belongs."""
    from tuning_curves.data.fetch_data import check_together
    from tuning_curves.data.parts import read_parts
    from tuning_curves.encoders.section import PathEncoder
    from tuning_curves.study.config import pinned_encoder, read_study
    from tuning_curves.tasks import make_task

    config = read_study(path, pinned=False).config
    encoder = config.encoder
    if isinstance(encoder, PathEncoder):
        encoder = pinned_encoder(encoder)
    if encoder.weights_sha256 or encoder.files_sha256:
        print("encoder:")
    if encoder.weights_sha256:
        print(f"  weights_sha256: {encoder.weights_sha256}")
    if encoder.files_sha256:
        _print_files(encoder.files_sha256, "  ")
    task = make_task(config.task, str(path))
    parts = read_parts(task, config.data)
    check_together(task, config.data, parts)  # what `fetch` would refuse gets no pins
    print("data:\n  content_sha256:")
    for split, found in parts.content.items():
        print(f"    {split}: {found}")
