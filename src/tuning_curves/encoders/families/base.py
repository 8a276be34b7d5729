"""What an encoder family is: the canonical parts of a Transformer, and a library's names for them.

Methods, claims and figures know the canonical names alone. In a layer these are the paper's (Ben
Zaken et al. 2022, equations 1 to 5): `q`, `k`, `v` and `m1` (the attention's projections), `LN1`,
`m2` and `m3` (the feed-forward part), `LN2`. Below the layers: `word`, `position` and `type` (the
embedding tables), `LN` (the embeddings' LayerNorm) and `projection` (from the tables' width to the
layers'). Above them: `pooler` (the matrix above the first token, which is part of an encoder where
a task reads it). Families that differ have further names (`modernbert`). What has no canonical name
keeps the library's. Nothing here loads torch.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

TERMS = ("q", "k", "v", "m1", "LN1", "m2", "m3", "LN2")  # of a layer, lowest first
NORMS = ("LN", "LN1", "LN2", "preLN1", "preLN2", "topLN")
ABOVE = ("pooler", "topLN")  # what stands above the layers: no activation cache holds it


@dataclass(frozen=True)
class Place:
    """Where a parameter stands: its part, weight or bias, and its layer (None outside them)."""

    part: str
    kind: str
    layer: int | None = None


Trains = Callable[[Place, int], bool]  # whether a place is trained in an encoder of so many layers


@dataclass(frozen=True, kw_only=True)
class EncoderShape:
    """An encoder's sizes, and the shape of each of its parameters; `family` is its model_type."""

    family: str
    width: int
    layers: int
    heads: int
    feed_forward: int
    tensors: Mapping[Place, tuple[int, ...]]

    def count(self, trains: Trains) -> int:
        """Numbers in the parameters that a method trains whole."""
        chosen = (shape for place, shape in self.tensors.items() if trains(place, self.layers))
        return sum(math.prod(shape) for shape in chosen)


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family of encoders; paths are below the encoder, or below a layer.

    Attributes:
        model_types: what config.json calls its members.
        module, model: where the library has the encoder's class.
        prefix: ahead of the encoder's tensors in checkpoints of the library's classes for tasks.
        embeddings: the module that turns tokens into the lowest layer's input.
        tables: the embedding tables, below `embeddings`: each that the library builds, if only
            of one row. Without `type` there is no table of token types, and none are read.
        embeddings_norm: their LayerNorm.
        projection: the linear map behind it, which the library builds where the tables have another
            width than the layers.
        layers: the list of layers.
        parts: of a layer, by canonical name.
        attention: of a layer, what calls the attention function; a `prefix` is put into it.
        adapter_slots: of a layer, the dropout behind the attention's projection and the one behind
            the feed-forward's; where there is no dropout, the projection itself. The LayerNorm that
            closes a layer is `LN2`.
        pooler: the module that reads the first token's state, if checkpoints have one; the matrix
            in it is `dense`. It is loaded where a task asks for it.
        keys: how config.json calls the sizes and rates, and the number of the `padding` token if
            positions begin behind it; defaults: their values where it has none.
        variants: keys of config.json (those inside one another with a dot) with the only value that
            is computed as this package does, and what another would mean.
        plain_heads: whether the library's classes for tasks have nothing but a linear map between
            this encoder's states and the output.
    """

    model_types: tuple[str, ...]
    module: str
    model: str
    prefix: str
    embeddings: str
    tables: Mapping[str, str]
    embeddings_norm: str
    projection: str | None = None
    layers: str
    parts: Mapping[str, str]
    attention: str
    adapter_slots: tuple[str, ...]
    pooler: str | None = None
    keys: Mapping[str, str]
    defaults: Mapping[str, float] = field(default_factory=dict)
    variants: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    plain_heads: bool = True

    def locate(self, name: str) -> Place:
        """The place of a parameter, by its name in the untouched encoder."""
        path, _, kind = name.rpartition(".")
        match = self._in_layer.fullmatch(path)
        if match is not None:
            return Place(self._canonical.get(match[2], match[2]), kind, int(match[1]))
        return Place(self._outside.get(path, path), kind)

    def setting(self, config: Mapping[str, Any], key: str) -> Any:
        """A size or rate of a configuration, by its canonical name."""
        default = self.defaults.get(key)
        return config.get(self.keys[key], default) if key in self.keys else default

    def first_position(self, config: Mapping[str, Any]) -> int:
        """The position of a sequence's first token."""
        return self.setting(config, "padding") + 1 if "padding" in self.keys else 0

    def dropouts(self, hidden: float, attention: float) -> dict[str, float]:
        """The rates as keys of a configuration."""
        return {self.keys["hidden_dropout"]: hidden, self.keys["attention_dropout"]: attention}

    def shape(self, config: Mapping[str, Any], pooler: bool = False) -> EncoderShape:
        """The sizes and parameters that a config.json describes, as the library builds them."""
        size = {key: self.setting(config, key) for key in self.keys}
        tensors = dict(self.outside_shapes(size))
        if pooler:
            tensors |= with_bias("pooler", (size["width"], size["width"]), None)
        for layer in range(size["layers"]):
            tensors |= self.layer_shapes(size, layer)
        sizes = {key: size[key] for key in ("width", "layers", "heads", "feed_forward")}
        return EncoderShape(family=self.model_types[0], **sizes, tensors=tensors)

    def outside_shapes(self, size: Mapping[str, int]) -> dict[Place, tuple[int, ...]]:
        """Parameters outside the layers."""
        rows = {"word": "vocabulary", "position": "positions", "type": "types"}
        width = size.get("embedding_width", size["width"])
        shapes: dict[Place, tuple[int, ...]] = {
            Place(part, "weight"): (size[rows[part]], width) for part in self.tables
        }
        shapes |= with_bias("LN", (width,), None)
        if width != size["width"]:
            shapes |= with_bias("projection", (size["width"], width), None)
        return shapes

    def layer_shapes(self, size: Mapping[str, int], layer: int) -> dict[Place, tuple[int, ...]]:
        """Parameters of a layer: each weight has a bias of as many numbers as its rows."""
        width, inner = size["width"], size["feed_forward"]
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys(("q", "k", "v", "m1"), (width, width))
        shapes |= {"m2": (inner, width), "m3": (width, inner)}
        shapes |= dict.fromkeys(("LN1", "LN2"), (width,))
        return dict(
            place
            for part, shape in shapes.items()
            for place in with_bias(part, shape, layer).items()
        )

    def pattern(self, *parts: str) -> str:
        """A regular expression of these parts' exact names, in every layer; of those there are."""
        names = "|".join(re.escape(self.parts[part]) for part in parts if part in self.parts)
        return rf"{re.escape(self.layers)}\.\d+\.({names})"

    def embed(self, encoder: Any, tokens: Any, positions: Any, types: Any) -> Any:
        """What enters the lowest layer; positions restart at 0 with each sequence.

        An encoder whose table of token types has one row has no types, whatever its tokenizer says.
        """
        module, given = encoder.get_submodule(self.embeddings), {}
        if "type" in self.tables:
            rows = module.get_submodule(self.tables["type"]).num_embeddings
            given["token_type_ids"] = types if rows > 1 else types * 0
        places = positions + self.first_position(vars(encoder.config))
        hidden = module(input_ids=tokens, position_ids=places, **given)
        if self.projection is None or not hasattr(encoder, self.projection):
            return hidden
        return getattr(encoder, self.projection)(hidden)

    def layer_options(
        self, encoder: Any, layer: Any, hidden: Any, packing: Any
    ) -> dict[str, tuple[Any, Any]]:
        """What a layer is given besides the states and where sequences lie in them."""
        return {}

    def finish(self, encoder: Any, hidden: Any) -> Any:
        """The encoder's states from what leaves the highest layer."""
        return hidden

    @cached_property
    def _in_layer(self) -> re.Pattern[str]:
        return re.compile(rf"{re.escape(self.layers)}\.(\d+)\.(.+)")

    @cached_property
    def _canonical(self) -> dict[str, str]:
        return {path: part for part, path in self.parts.items()}

    @cached_property
    def _outside(self) -> dict[str, str]:
        named = {**self.tables, "LN": self.embeddings_norm}
        outside = {f"{self.embeddings}.{path}": part for part, path in named.items()}
        if self.projection is not None:
            outside[self.projection] = "projection"
        return outside | self._above

    @property
    def _above(self) -> dict[str, str]:
        return {} if self.pooler is None else {f"{self.pooler}.dense": "pooler"}


def with_bias(part: str, shape: tuple[int, ...], layer: int | None) -> dict[Place, tuple[int, ...]]:
    """A part's weight and its bias, which has a number for each of its rows."""
    return {Place(part, "weight", layer): shape, Place(part, "bias", layer): shape[:1]}


def replace_part(root: Any, path: str, new: Any) -> None:
    """Put a module in another's place; `path` is below `root`."""
    parent, _, name = path.rpartition(".")
    setattr(root.get_submodule(parent), name, new)
