"""Methods from a person's own files: what they say, how they look, and how bad ones are refused."""

from pathlib import Path

import pytest
import torch

from tuning_curves.encoders.families import find_family
from tuning_curves.encoders.model import load_encoder
from tuning_curves.methods import apply_method, resolve_method, trained_tensors
from tuning_curves.methods.counting import count_entry
from tuning_curves.methods.entry import MethodEntry
from tuning_curves.methods.plugins import (
    COLOURS,
    MARKERS,
    MOST,
    Plugin,
    check_plugin,
    read_plugin,
    register_plugin,
)
from tuning_curves.methods.registry import describe, list_names, plugin_names, unregister
from tuning_curves.methods.requirements import why_not
from tuning_curves.methods.table import TABLE
from tuning_curves.report import style
from tuning_curves.report.explorer.data import DARK, SHAPES, lightened
from tuning_curves.util.errors import ResourceError, UsageError

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "scale_shift.py"
OPENING = "from tuning_curves.methods.plugins import PluginMethod\n"
SAID = {"name": "'own'", "label": "'own method'", "equation": "'b_q'", "trains": "['q.bias']"}


pytestmark = pytest.mark.usefixtures("no_plugins")


def plugin(before: str = "", **changes: str) -> Plugin:
    """A plug-in with these expressions in its METHOD; an empty one leaves the key out."""
    said = ", ".join(f"{k}={v}" for k, v in (SAID | changes).items() if v)
    return Plugin("own.py", f"{OPENING}{before}\nMETHOD = PluginMethod({said})\n")


def test_parts_are_trained_by_their_exact_names(tiny_encoder: Path) -> None:
    name = register_plugin(plugin(trains="['q.bias', 'LN1', 'm3.weight', 'LN.bias']"))
    model = load_encoder(tiny_encoder, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)
    counts = apply_method(resolve_method(name), model, torch.Generator().manual_seed(0))
    names = ("attention.self.query.bias", "attention.output.LayerNorm.weight",
             "attention.output.LayerNorm.bias", "output.dense.weight")  # fmt: skip
    layers = {f"encoder.encoder.layer.{layer}.{name}" for layer in range(3) for name in names}
    outside = {"encoder.embeddings.LayerNorm.bias", "head.weight", "head.bias"}
    assert set(trained_tensors(model)) == layers | outside
    assert counts.backbone == 3 * (32 + 2 * 32 + 32 * 64) + 32
    assert (counts.backbone, 0) == count_entry(describe(name), model.shape())


def test_it_is_refused_where_the_encoder_lacks_a_part_that_it_names() -> None:
    name = register_plugin(plugin(trains="['q.bias', 'LN1']", needs="['m2']"))
    assert describe(name).needs == ("q.bias", "LN1.weight", "m2.weight")
    modernbert = find_family("modernbert").shape({})
    assert why_not(describe(name), modernbert) == "encoders of type modernbert have no b_q, LN1"
    unregister(name)
    name = register_plugin(plugin(trains="['pooler']"))
    bert = find_family("bert")
    assert why_not(describe(name), bert.shape({})) == "encoders of type bert have no W_pooler"
    assert why_not(describe(name), bert.shape({}, pooler=True)) is None


def test_the_example_adds_gains_and_trains_all_biases_and_norms(tiny_encoder: Path) -> None:
    name = register_plugin(read_plugin(EXAMPLE))
    model = load_encoder(tiny_encoder, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)
    counts = apply_method(resolve_method(name), model, torch.Generator().manual_seed(0))
    assert counts.added == 3 * (5 * 32 + 64)
    assert counts.backbone == 3 * (7 * 32 + 64 + 2 * 32) + 2 * 32
    assert (counts.backbone, counts.added) == count_entry(describe(name), model.shape())


def test_each_has_a_look_of_its_own_in_print_and_on_the_page() -> None:
    labels = [f"own {number}" for number in range(MOST)]
    names = [
        register_plugin(plugin(name=f"'own-{chr(97 + n)}'", label=repr(label)))
        for n, label in enumerate(labels)
    ]
    entries = [describe(name) for name in names]
    assert list_names()[-MOST:] == names
    assert style.families(["own-b", "full", "own-a"]) == {
        "main methods": ["full"],
        "plug-ins": ["own-a", "own-b"],
    }
    assert style.line_options("own-c")["label"] == "own 2"
    in_grey = [look_in_grey(entry) for entry in (*entries, *TABLE)]
    assert len(set(in_grey[:MOST])) == MOST
    assert not {*in_grey[:MOST]} & {*in_grey[MOST:]}
    assert len({(e.colour, e.marker) for e in entries}) == MOST
    assert not {e.colour for e in entries} & {e.colour for e in TABLE}
    assert {*MARKERS} <= {*SHAPES}
    for colour in COLOURS:
        assert lightened(colour) not in DARK.values()


def look_in_grey(entry: MethodEntry) -> tuple[object, ...]:
    return entry.marker, entry.filled, entry.dashes


def test_a_free_colour_is_no_colour_that_another_one_chose() -> None:
    register_plugin(plugin(name="'one'", label="'one'", colour=repr(COLOURS[1].lower())))
    register_plugin(plugin(name="'two'", label="'two'"))
    assert describe("two").colour == COLOURS[2]


def test_the_paper_says_what_it_is_and_from_which_file() -> None:
    own = plugin(deviations="'Quicker.'", equation="'b_q of each layer'")
    said = describe(register_plugin(own)).deviations
    assert said == (
        f"No method of the package: the study's own.py (sha256 {own.sha256[:12]}…) defines it. "
        "It trains: b_q of each layer. Quicker."
    )


def test_one_file_is_run_once() -> None:
    assert register_plugin(plugin()) == register_plugin(plugin()) == "own"
    with pytest.raises(UsageError, match=r"another plug-in .* has one") as caught:
        register_plugin(plugin(equation="'b_q, edited'"))
    assert "after an edit, start the process anew" in str(caught.value.fix)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "'bitfit'"}, "name is 'bitfit', and the package has a method of this name"),
        ({"name": "'lora-4'"}, "name is 'lora-4', and the package has a method of this name"),
        ({"name": "'My method'"}, "name is 'My method', expected lower case"),
        ({"label": "'BitFit'"}, "label is 'BitFit', which 'bitfit' has already"),
        ({"label": "''"}, "label is '', expected 1 to 40 characters"),
        ({"equation": "'a\\nb'"}, r"equation is 'a\\nb', expected text on one line"),
        ({"trains": "['Q.bias']"}, "trains is 'Q.bias', expected one of q, k, v, m1"),
        ({"trains": "['q.gain']"}, "trains is 'q.gain', expected one of"),
        ({"trains": "'q.bias'"}, "trains is 'q.bias', expected a list of parts"),
        ({"trains": ""}, "trains nothing and adds nothing, which is the method 'head'"),
        ({"extend": "print"}, "has extend alone, expected both"),
        ({"adds": "3"}, "adds is 3, expected a function"),
        ({"colour": "'red'"}, "colour is 'red', expected six hexadecimal digits"),
        ({"colour": "'#d55e00'"}, "colour is '#d55e00', expected one that no other method has"),
        ({"marker": "'+'"}, r"marker is '\+', expected one of o v"),
        ({"packages": "'peft'"}, "packages is 'peft', expected a list"),
        ({"learning_rate": "1"}, "line 3: its top level stops with TypeError: .*'learning_rate'"),
    ],
)
def test_a_method_that_cannot_be_meant_is_refused(changes: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=f"^own.py.*{words}"):
        register_plugin(plugin(**changes))
    assert plugin_names() == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("METHOD = (\n", r"own.py, line 1: not Python \('\(' was never closed\)"),
        ("x = 1\x00\n", "own.py.* not Python|own.py: its top level stops with"),
        ("\n1 / 0\n", "own.py, line 2: its top level stops with ZeroDivisionError: division"),
        ("import beside_it\n", "line 1: its top level stops with ModuleNotFoundError"),
        ("raise SystemExit\n", "own.py, line 1: its top level stops with SystemExit\nfix"),
        ("METHODS = []\n", "own.py: has no METHOD, expected"),
        ("METHOD = 'bitfit'\n", "own.py: has a METHOD that is str, expected"),
    ],
)
def test_a_file_that_is_no_plug_in_is_one_error(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        register_plugin(Plugin("own.py", text))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"nowhere.py: the plug-in cannot be read \(No such"):
        read_plugin(tmp_path / "nowhere.py")
    (tmp_path / "latin.py").write_bytes(b"# \xe9\n")
    with pytest.raises(UsageError, match=r"latin.py: not UTF-8"):
        read_plugin(tmp_path / "latin.py")


def test_its_functions_errors_name_their_line(tiny_encoder: Path) -> None:
    model = load_encoder(tiny_encoder, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)
    before = "def extend(model):\n    model.no_such_thing()\n"
    name = register_plugin(plugin(before, adds="lambda shape: shape.wide", extend="extend"))
    with pytest.raises(UsageError, match=r"own.py, line 5: `adds` stops with AttributeError"):
        count_entry(describe(name), model.shape())
    with pytest.raises(UsageError, match=r"own.py, line 3: `extend` stops with AttributeError"):
        apply_method(resolve_method(name), model, None)
    unregister(name)
    name = register_plugin(plugin(adds="lambda shape: 1.5", extend="print"))
    with pytest.raises(UsageError, match=r"what adds gives is 1.5, expected a whole number"):
        count_entry(describe(name), model.shape())


def test_a_package_that_is_not_installed_is_named_when_it_is_needed() -> None:
    name = register_plugin(plugin(packages="['no-such-package']"))
    with pytest.raises(ResourceError, match=r"own.py: needs the package no-such-package"):
        resolve_method(name)


def test_what_was_trained_with_another_version_of_a_file_is_refused() -> None:
    with pytest.raises(UsageError, match=r"'own' is the method of a plug-in, .* sha256 abc"):
        check_plugin("own", "abc")
    own = plugin()
    name = register_plugin(own)
    check_plugin(name, own.sha256)
    check_plugin("bitfit", None)
    with pytest.raises(UsageError, match=f"has sha256 {own.sha256}, and this was trained with abc"):
        check_plugin(name, "abc")
