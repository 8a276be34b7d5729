"""What puts a method into a model, by its name; `table` has what it is called and what it trains.

A name without an implementation adds no modules and draws nothing: its entry says all.
"""

from collections.abc import Callable

from tuning_curves.methods import adapters, from_scratch, masks, peft_layers, value_bias
from tuning_curves.methods.base import Implementation, Method
from tuning_curves.methods.registry import added_implementation, describe, list_names, parse_name

OfSize = Callable[[int | None], Implementation]

IMPLEMENTATIONS: dict[str, Implementation | OfSize] = {
    "adapter-houlsby": adapters.houlsby,
    "adapter-pfeiffer": adapters.pfeiffer,
    "random-mask": masks.random_mask("random-mask"),
    "random-mask-qm2": masks.random_mask("random-mask-qm2"),
    "random-rows": masks.RANDOM_ROWS,
    "fisher-mask": masks.FISHER_MASK,
    "lora": peft_layers.lora,
    "lora-all": peft_layers.lora_all,
    "ia3": peft_layers.IA3,
    "prefix": peft_layers.prefix,
    "value-bias": value_bias.VALUE_BIAS,
    "scratch": from_scratch.SCRATCH,
    "rnn": from_scratch.RNN,
    "fixed-window": from_scratch.FIXED_WINDOW,
}


def resolve_method(name: str) -> Method:
    """The method of this name; some take a number as a suffix, `adapter-houlsby-8`.

    Raises:
        UsageError: no method has this name; the nearest name is offered.
    """
    base, size = parse_name(name)
    found = IMPLEMENTATIONS.get(base) or added_implementation(base) or Implementation()
    made = found if isinstance(found, Implementation) else found(size)
    return Method(entry=describe(name), **vars(made))


def list_methods() -> list[Method]:
    """Every method at its default size (of `top-k`, two), in the order of legends and tables."""
    return [resolve_method(name) for name in list_names()]
