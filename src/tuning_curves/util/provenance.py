"""Where a record's numbers come from: versions, device, commit, a hash of the code."""

import datetime
import functools
import hashlib
import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "transformers", "tokenizers", "numpy")
SOURCE = Path(__file__).parents[1]  # of the package


def gather(device: Any, precision: str, packages: tuple[str, ...] = ()) -> dict[str, Any]:
    """The provenance of a training that begins now on this device (a `torch.device`).

    Args:
        packages: what the method needs besides `PACKAGES`.
    """
    import torch

    return {
        "versions": versions(packages),
        "device": device_name(device),
        "formats": number_formats(device),
        "threads": torch.get_num_threads(),
        "precision": precision,
        **commit(),
        "code_sha256": code_sha256(),
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def versions(packages: tuple[str, ...] = ()) -> dict[str, str]:
    """Python and the packages that the numbers depend on."""
    found = {name: importlib.metadata.version(name) for name in (*PACKAGES, *packages)}
    return {"python": platform.python_version(), **found}


def device_name(device: Any) -> str:
    """The GPU's name, or the processor's model."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    for line in _cpu_info().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


# What /proc/cpuinfo calls the units of a processor, by the number format that they compute in.
UNITS = {
    "float32": {"avx": "AVX", "avx2": "AVX2", "avx512f": "AVX-512", "asimd": "NEON", "sve": "SVE"},
    "bfloat16": {"avx512_bf16": "AVX512-BF16", "amx_bf16": "AMX", "bf16": "BF16"},
    "float16": {"avx512_fp16": "AVX512-FP16", "amx_fp16": "AMX", "asimdhp": "FP16"},
}
# From which compute capability on NVIDIA's GPUs have units for a format.
CAPABLE = {"TF32": (8, 0), "bfloat16": (8, 0), "float16": (7, 0), "float8": (8, 9)}


def number_formats(device: Any) -> str:
    """The number formats that a device has units for, in words, as far as it tells."""
    if device.type == "cuda":
        import torch

        return _of_capability(torch.cuda.get_device_capability(device))
    return _of_flags(_cpu_info())


def has_units(kind: str) -> bool | None:
    """Whether this processor has units for a number format of `UNITS`; None: it does not tell."""
    flags = _flags(_cpu_info())
    return None if flags is None else any(flag in flags for flag in UNITS[kind])


def has_tiles() -> bool:
    """Whether this processor multiplies bfloat16 in tiles (AMX)."""
    return "amx_bf16" in (_flags(_cpu_info()) or ())


@functools.cache  # asked for at every step
def _cpu_info() -> str:
    info = Path("/proc/cpuinfo")
    return info.read_text() if info.is_file() else ""


def _of_capability(capability: tuple[int, int]) -> str:
    named = [name for name, least in CAPABLE.items() if capability >= least]
    major, minor = capability
    return f"compute capability {major}.{minor}: {', '.join(['float32', *named])}"


def _of_flags(info: str) -> str:
    """From the text of /proc/cpuinfo: `flags` of x86, `Features` of Arm."""
    flags = _flags(info)
    if flags is None:
        return "the processor does not tell its number formats"
    return ", ".join(_of_kind(kind, flags) for kind in UNITS)


def _flags(info: str) -> list[str] | None:
    lines = [line.partition(":") for line in info.splitlines()]
    found = next((after for key, _, after in lines if key.strip() in ("flags", "Features")), None)
    return None if found is None else found.split()


def _of_kind(kind: str, flags: list[str]) -> str:
    names = [name for flag, name in UNITS[kind].items() if flag in flags]
    return f"{kind} ({', '.join(names)})" if names else f"no units for {kind}"


def device_with_units(device: str, formats: str | None) -> str:
    """A device's name with the units that tell processors of one name apart, as far as recorded.

    `AMD EPYC` is both a processor with AVX-512 and one without, and their times do not compare.

    Args:
        formats: what `number_formats` said of it.
    """
    units = re.findall(r"(float32|bfloat16) \(([^)]+)\)", formats or "")
    names = {kind: names.split(", ") for kind, names in units}
    named = [*names.get("float32", [])[-1:], *names.get("bfloat16", [])]
    return f"{device} ({', '.join(named)})" if named else device


def instructions() -> str:
    """The vector instructions that torch uses on this processor, such as `AVX512`."""
    import torch

    return torch.backends.cpu.get_cpu_capability()


def niceness() -> int:
    """By how much this process gives way to others: 0 as a rule, 19 at most (`nice -n 19`)."""
    return os.nice(0)


@functools.cache
def commit() -> dict[str, Any]:
    """The commit of the checkout that this package runs from; nulls outside of one."""
    head = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return {"commit": head, "dirty": None if changed is None else bool(changed)}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            # no lock: a process that is killed here would leave one in the user's repository
            ["git", "--no-optional-locks", "-C", str(SOURCE), *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


@functools.cache
def code_sha256() -> str:
    """Hex sha256 over the package's Python files, by name and content."""
    digest = hashlib.sha256()
    for path in sorted(SOURCE.rglob("*.py")):
        digest.update(path.relative_to(SOURCE).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
