"""Which parameters a method trains, by canonical names, and how many it adds, by its sizes.

The predicates (`Trains`) say of a place whether it is trained whole; the formulas (`Adds`) count
the modules that a method puts in. Both need no model and no torch; that a real model has the same
counts is tested for every method. Parameters are never chosen by parts of names: in the authors'
BitFit code `output` also matched `attention.output.dense`.
"""

from collections.abc import Callable

from tuning_curves.encoders.families.base import ABOVE, NORMS, EncoderShape, Place, Trains
from tuning_curves.util.errors import UsageError

Adds = Callable[[EncoderShape, int | None], int]  # of an encoder and the size in the method's name

HOULSBY_SIZE = 64
PFEIFFER_REDUCTION = 16
RANK = 8
VIRTUAL_TOKENS = 10
LORA_PARTS = ("q", "v")
LINEAR = ("q", "k", "v", "qkv", "m1", "m2", "m3")  # every matrix that a layer may have
IA3_PARTS = ("k", "v")  # whose outputs are scaled; and the input of m3
WINDOW = 5  # tokens that a layer of `fixed-window` reads
STEP = 8  # inner widths of layers that replace the Transformer's are multiples of it


def trains_everything(_place: Place, _layers: int) -> bool:
    """Every parameter of the encoder."""
    return True


def trains_nothing(_place: Place, _layers: int) -> bool:
    """No whole parameter: for what only adds, or picks single numbers."""
    return False


def trains_outside(place: Place, _layers: int) -> bool:
    """What is outside the layers: for methods that replace these."""
    return place.layer is None


def trains_bias(place: Place, _layers: int) -> bool:
    """Every bias (the embeddings' LayerNorm included)."""
    return place.kind == "bias"


def trains_bias_and_norm(place: Place, layers: int) -> bool:
    """Every bias, and the gain of every LayerNorm."""
    return trains_bias(place, layers) or trains_layernorm(place, layers)


def trains_layernorm(place: Place, _layers: int) -> bool:
    """Gain and bias of every LayerNorm (the embeddings' included)."""
    return place.part in NORMS


def trains_parts(*parts: str, kinds: tuple[str, ...] = ("weight", "bias")) -> Trains:
    """These parts of every layer."""

    def trains(place: Place, _layers: int) -> bool:
        return place.layer is not None and place.part in parts and place.kind in kinds

    return trains


def trains_biases(*parts: str) -> Trains:
    """The biases of these parts in every layer, and the pooler's where there is one."""

    def trains(place: Place, _layers: int) -> bool:
        inside = place.layer is not None and place.part in parts
        return place.kind == "bias" and (inside or place.part == "pooler")

    return trains


def trains_top(highest: int) -> Trains:
    """The highest layers, and what stands above them: a pooler, a last LayerNorm.

    Raises (when asked):
        UsageError: more layers than there are, or none.
    """

    def trains(place: Place, layers: int) -> bool:
        if not 1 <= highest <= layers:
            raise UsageError(
                f"method top-{highest}: {highest} of the highest layers, expected 1 to {layers}: "
                f"the encoder has {layers} layers",
                fix=f"choose one of top-1 to top-{layers}",
            )
        if place.layer is None:
            return place.part in ABOVE
        return place.layer >= layers - highest

    return trains


def add_houlsby(shape: EncoderShape, size: int | None) -> int:
    """Two bottlenecks a layer."""
    return 2 * shape.layers * _bottleneck(shape.width, size or HOULSBY_SIZE)


def add_pfeiffer(shape: EncoderShape, size: int | None) -> int:
    """A bottleneck a layer."""
    return shape.layers * _bottleneck(shape.width, size or shape.width // PFEIFFER_REDUCTION)


def _bottleneck(width: int, size: int) -> int:
    return 2 * size * width + width + size


def add_lora(*parts: str) -> Adds:
    """A [rank, in] and B [out, rank] beside each matrix of these parts."""
    trains = trains_parts(*parts, kinds=("weight",))

    def adds(shape: EncoderShape, size: int | None) -> int:
        chosen = (s for place, s in shape.tensors.items() if trains(place, shape.layers))
        return sum((size or RANK) * sum(matrix) for matrix in chosen)

    return adds


def add_value_bias(shape: EncoderShape, _size: int | None) -> int:
    """A bias of each layer's values."""
    return shape.layers * shape.width


def add_ia3(shape: EncoderShape, _size: int | None) -> int:
    """A factor for each key, each value and each unit of the feed-forward part."""
    scaled = trains_parts(*IA3_PARTS, kinds=("weight",))
    return sum(
        s[0] if scaled(place, shape.layers) else s[1]
        for place, s in shape.tensors.items()
        if scaled(place, shape.layers) or (place.part, place.kind) == ("m3", "weight")
    )


def add_prefix(shape: EncoderShape, size: int | None) -> int:
    """Keys and values of each virtual token in each layer."""
    return 2 * (size or VIRTUAL_TOKENS) * shape.width * shape.layers


def recurrent_numbers(width: int, units: int) -> int:
    """Of a layer of `rnn`: two LSTMs, projection and LayerNorm."""
    return 8 * units * (width + units + 2) + 2 * units * width + width + 2 * width


def window_numbers(width: int, units: int) -> int:
    """Of a layer of `fixed-window`: two linear maps and LayerNorm."""
    return units * (WINDOW * width + 1) + width * (units + 1) + 2 * width


def nearest_units(shape: EncoderShape, numbers: Callable[[int, int], int]) -> int:
    """The inner width that brings a layer nearest to the Transformer layer it replaces."""
    target = shape.count(lambda place, _: place.layer == 0)
    sizes = range(STEP, 2 * (shape.width + shape.feed_forward), STEP)
    return min(sizes, key=lambda units: abs(numbers(shape.width, units) - target))


def add_layers(numbers: Callable[[int, int], int]) -> Adds:
    """Layers of another kind in place of the Transformer's."""

    def adds(shape: EncoderShape, _size: int | None) -> int:
        return shape.layers * numbers(shape.width, nearest_units(shape, numbers))

    return adds
