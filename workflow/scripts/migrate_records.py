"""Rewrite records of schema 1 as schema 2: renamed keys, identities reckoned anew, a new checksum.

    python workflow/scripts/migrate_records.py config/minilm-slice.yaml

No number is touched. The identity that a record had stays inside it (`provenance.earlier_id`).
"""

import json
import sys
from pathlib import Path
from typing import Any

from tuning_curves.study.config import read_study
from tuning_curves.study.job import PlannedRun, Run, Settings, identity
from tuning_curves.study.records import Record, RecordStore, sealed, write_record
from tuning_curves.util.files import sha256_of


def migrate(old: dict[str, Any], study: Any) -> tuple[PlannedRun, Record]:
    """A record's run and the record anew."""
    check_seal(old)
    settings, run = settings_of(old["settings"]), Run(**old["cell"])
    planned = PlannedRun(budget="", run=run, id=identity(settings, run))
    packed, scores = old["outcomes"], old["scores"]
    value = {
        "id": planned.id,
        "study": old["study"],
        "run": old["cell"],
        "settings": settings.to_json(),
        "status": old["status"],
        "failure": old["failure"],
        "scores": scores and {"test": scores["dev"], "validation": scores["selection"]},
        "outcomes": packed
        and {
            "group_sizes": packed["article_sizes"],
            "parts": {name: packed[name] for name in ("exact", "f1")},
        },
        "parameters": old["parameters"],
        "cost": old["cost"],
        "biases": old.get("biases", {"change": {}, "first_gradient": {}}),
        "losses": old["losses"],
        "provenance": old["provenance"] | {"earlier_id": old["id"]},
    }
    return planned, Record.from_json(value)


def check_seal(old: dict[str, Any]) -> None:
    """Make sure that an old record is as it was written."""
    stated = old["provenance"].get("record_sha256")
    if stated is not None and sealed(old)["provenance"]["record_sha256"] != stated:
        raise SystemExit(f"the record {old['id']} was altered since it was written")
    if old["id"] != sha256_of({"settings": old["settings"], "cell": old["cell"]})[:16]:
        raise SystemExit(f"the record {old['id']} is not of its settings")


def settings_of(old: dict[str, Any]) -> Settings:
    """Settings under their new keys."""
    evaluation, data, pin = old["evaluation"], old["data"], old["data"]["pin"]
    return Settings.from_json(
        {
            "engine": old["engine"],
            "task": {
                "name": "question-answering",
                "n_best": evaluation["n_best"],
                "max_answer_tokens": evaluation["max_answer_tokens"],
            },
            "encoder": old["encoder"],
            "data": {
                "name": data["name"],
                "pin": {"train": pin["train"], "test": pin["dev"]},
                "held_out_examples": data["held_out_questions"],
            },
            "windows": {
                "max_length": old["features"]["max_length"],
                "stride": old["features"]["doc_stride"],
            },
            "training": old["training"],
            "evaluation": {
                "test_examples": evaluation["dev_questions"],
                "validation_examples": evaluation["selection_questions"],
            },
        }
    )


def main() -> None:
    store = RecordStore(read_study(Path(sys.argv[1])))
    for path in sorted(store.archive.rglob("*.json")):
        old = json.loads(path.read_text("utf-8"))
        if old["schema"] == 1:
            planned, record = migrate(old, store.study)
            write_record(store.archive, planned, record)
            path.unlink()
    missing = [p.record for p in store.study.unique if not store.archived(p)]
    raise SystemExit(f"{len(missing)} runs of the study have no record" if missing else 0)


if __name__ == "__main__":
    main()
