"""What commands on a page print: blocks of `console`, written by running them.

    ```console
    $ tuning-curves status config/sentiment.yaml
    (what it prints)
    ```

Only such blocks are run; a command there reads archived results and changes nothing. Commands
of the package run in this process, others in a shell, all from the project's root.
`python -m docsite.outputs docs/PAGE.md` writes the outputs anew; a test compares them.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from tuning_curves.cli import main as tuning_curves

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"(?<=^```console\n)(?P<command>\$ .+\n)(?:.*\n)*?(?=```$)", re.MULTILINE)


def fill(text: str) -> str:
    """The page with what its commands print now."""
    with contextlib.chdir(ROOT):
        return BLOCK.sub(lambda found: found["command"] + printed(found["command"][2:]), text)


def printed(command: str) -> str:
    """What a command prints.

    Raises:
        RuntimeError: it fails.
    """
    words = shlex.split(command)
    if words[0] != "tuning-curves":
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            capture_output=True, text=True, check=False, env=environment,
        )  # fmt: skip
        status, out = done.returncode, done.stdout
    else:
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            status, out = tuning_curves(words[1:]), stream.getvalue()
    if status != 0:
        raise RuntimeError(f"{command.strip()!r} ended with {status}, expected 0")
    return out


def main(pages: list[str]) -> None:
    """Write the pages anew."""
    for page in map(Path, pages):
        page.write_text(fill(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
