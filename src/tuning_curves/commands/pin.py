"""`tuning-curves pin`: the hashes of a study's sources, to be written into its file."""

import argparse
from pathlib import Path
from typing import Any

from tuning_curves.commands.options import add, add_task_name, section

DESCRIPTION = """\
Read a pair of files that a task reads, or an encoder's folder, and print the lines that pin
them in a study file: the content's hashes, which do not depend on the JSON's layout.
With --study, print all that a study of files on this machine may leave out.
"""
EPILOG = """\
examples:
  $ tuning-curves pin --train train-v1.1.json --test dev-v1.1.json
  $ tuning-curves pin --encoder ~/models/bert-base-cased
  $ tuning-curves pin --study config/your-data.yaml
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
    parser.add_argument("--train", type=Path, metavar="FILE", help="training file")
    parser.add_argument("--test", type=Path, metavar="FILE", help="evaluation file")
    add_task_name(parser)
    parser.add_argument("--encoder", type=Path, metavar="DIR", help="Hugging Face checkpoint")
    parser.add_argument("--study", type=Path, metavar="FILE", help="config/<study>.yaml")
    parser.add_argument("--generated", metavar="JSON", help="a study's generated `data` section")


def run(args: argparse.Namespace) -> int:
    """Print YAML lines."""
    from tuning_curves.tasks import task_class
    from tuning_curves.util.errors import UsageError

    task = task_class(args.task, "--task")
    if not (args.train or args.test or args.encoder or args.generated or args.study):
        raise UsageError("nothing to pin", fix="give --study, --train and --test, or --encoder")
    if args.study:
        _print_pins(args.study)
    if args.encoder:
        _pin_encoder(args.encoder)
    if args.generated:
        from tuning_curves.data.fetch_data import content_of, read_parts

        for split, pin in content_of(read_parts(task, section(args.generated, "data"))).items():
            print(f"{split}: {pin}")
    for split, path in (("train", args.train), ("test", args.test)):
        if path is not None:
            print(f"{split}: {task.read_file(path).content_sha256()}")
    return 0


def _pin_encoder(folder: Path) -> None:
    """The weights' hash, which a study needs, and the other files', which it may pin as well."""
    from tuning_curves.encoders.verify import NEEDED, OPTIONAL, check_checkpoint, check_complete
    from tuning_curves.util.errors import ResourceError
    from tuning_curves.util.files import sha256_of_file

    if not folder.is_dir():
        raise ResourceError(f"{folder}: no such folder", fix="correct the path")
    present = [path.name for path in folder.iterdir()]
    check_complete(folder, present, str(folder))
    check_checkpoint(folder)
    print(f"weights_sha256: {sha256_of_file(folder / 'model.safetensors')}")
    print("files_sha256:")
    for name in (*NEEDED, *OPTIONAL):
        if name in present and name != "model.safetensors":
            print(f"  {name}: {sha256_of_file(folder / name)}")


def _print_pins(path: Path) -> None:
    """The pins of a study, each below the section where it belongs."""
    from tuning_curves.study.config import read_study

    config = read_study(path).config
    if config.encoder.weights_sha256 is not None:
        print(f"encoder:\n  weights_sha256: {config.encoder.weights_sha256}")
    if config.data.content_sha256 is not None:
        print("data:\n  content_sha256:")
        for split, pin in config.data.content_sha256.model_dump().items():
            print(f"    {split}: {pin}")
