"""What a method is: which parameters it trains, what it adds, and how that is counted.

A method names encoder parameters exactly (relative to the encoder, such as
`encoder.layer.3.output.dense.bias`); the span head is trained by every method. Parameters are
never chosen by substring: in the authors' BitFit code `output` also matched
`attention.output.dense`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tuning_curves.encoders.model import EncoderModel
from tuning_curves.methods.sparse import entry_indices, plain_name

LAYER = re.compile(r"^encoder\.layer\.(\d+)\.(.+)$")


def trains_nothing(_name: str, _layers: int) -> bool:
    """No whole parameter of the encoder: `Method.trains` of what only adds or picks entries."""
    return False


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way of tuning.

    Attributes:
        name: as studies, paths, tables and legends write it.
        family: whole model, head, biases, added modules, by depth, by type, single parameters.
        trains: whether an encoder parameter of this name is trained, whole, in an encoder of this
            many layers.
        extend: puts new modules into a model (in place), uninitialised; None if it adds nothing.
        initialise: draws the new modules' weights, or the single entries to train, from a
            generator.
        entries: how many single entries of otherwise frozen tensors are trained; None if none.
        select: chooses those entries from the losses of single questions, each a scalar with its
            graph, made on demand: flat positions by parameter name, to be placed by
            `entries.place_entries`. None if nothing is chosen by data.
        equation: what is trained, in the notation of the source.
        source: paper and section.
        rates: learning rates to begin a grid with, for BERT-base, and whose they are.
        deviations: where this package departs from the source, as sentences.
        pretrained: whether what it trains starts from the encoder's own weights.
        packages: what its arithmetic needs besides the engine's packages; records state versions.
    """

    name: str
    family: str
    trains: Callable[[str, int], bool]
    equation: str
    source: str
    rates: tuple[float, ...] = ()
    rates_source: str = "ours"
    deviations: str = ""
    extend: Callable[[EncoderModel], None] | None = None
    initialise: Callable[[EncoderModel, torch.Generator], None] | None = None
    entries: Callable[[EncoderModel], int] | None = None
    select: Callable[[EncoderModel, Iterable[Tensor]], dict[str, Tensor]] | None = None
    pretrained: bool = True
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Parameters that a method trains, by place.

    Attributes:
        backbone: of the encoder as it was, whole tensors and single entries.
        added: of modules the method adds.
        head: of the span head.
        total: of the untouched encoder (without pooler) and the head.
    """

    backbone: int
    added: int
    head: int
    total: int

    @property
    def share(self) -> float:
        """Trained parameters outside the head, as a fraction of the untouched encoder."""
        return (self.backbone + self.added) / (self.total - self.head)


def apply_method(method: Method, model: EncoderModel, generator: torch.Generator | None) -> Counts:
    """Put a method into a model, in place: add its modules, freeze all else, count.

    Args:
        generator: draws the head and then the added modules or single entries; None leaves them
            undrawn, as counting on the meta device needs it.
    """
    own, layers = {name for name, _ in model.named_parameters()}, len(model.layers)
    total = sum(parameter.numel() for parameter in model.parameters())
    if method.extend is not None:
        method.extend(model)
    counts = {"backbone": 0, "added": 0, "head": 0}
    for name, parameter in model.named_parameters():
        own_name = plain_name(name)
        place = _place(own_name, own)
        trained = place != "backbone" or method.trains(own_name.removeprefix("encoder."), layers)
        parameter.requires_grad_(trained)
        counts[place] += parameter.numel() if trained else 0
    if method.entries is not None:
        counts["backbone"] += method.entries(model)
    if generator is not None:
        model.initialise_head(generator)
        if method.initialise is not None:
            method.initialise(model, generator)
    return Counts(total=total, **counts)


def _place(name: str, own: set[str]) -> str:
    if name.startswith("head."):
        return "head"
    return "backbone" if name in own else "added"


def count_frozen_layers(model: EncoderModel) -> int:
    """How many of the lowest layers (and the embeddings below them) have nothing to train.

    Zero unless the embeddings are frozen too. What is counted here may run once and be cached.
    """
    if any(p.requires_grad for p in model.encoder.embeddings.parameters()):
        return 0
    for number, layer in enumerate(model.layers):
        if any(p.requires_grad for p in layer.parameters()):
            return number
    return len(model.layers)


def trained_tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """The tensors a run changes, by name: its delta. Single entries come with their index."""
    trained = {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}
    return trained | entry_indices(model)
