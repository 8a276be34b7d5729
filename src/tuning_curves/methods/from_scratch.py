"""Readers without pre-training: what the encoder's weights are worth at each size of training set.

All three read the encoder's own tokens through embedding tables of its shapes, train every number,
and draw every number from the run's generator, from the distributions of `transformers`: matrices
and tables from a normal of deviation `initializer_range` (0.02), LSTM matrices uniform as Glorot
and Bengio (2010) have it, biases zero, LayerNorms the identity. (ModernBERT's own draws are cut off
at two deviations and smaller where they end in a residual sum; here they are as all others.) d is
the encoder's width.

`scratch` (Vaswani et al. 2017; Devlin et al. 2019): the same Transformer.

`rnn` (Hochreiter and Schmidhuber 1997; both directions as Graves and Schmidhuber 2005): each
Transformer layer becomes a bidirectional LSTM layer, with h units a direction,

    i, f, o = σ(W x_t + w + U s_{t-1} + u), each with its own W, w, U, u
    g = tanh(W x_t + w + U s_{t-1} + u), with its own again
    c_t = f ⊙ c_{t-1} + i ⊙ g;  s_t = o ⊙ tanh(c_t);  s'_t the same from the last token on
    y_t = LayerNorm(x_t + dropout(P [s_t; s'_t] + p))

The projection P, the residual sum and the LayerNorm are the Transformer layer's; forget gates
(Gers et al. 2000), no peepholes; two biases, as torch has them. The recurrence is in float32
whatever the study's precision.

`fixed-window` (Bengio et al. 2003, section 2): each layer is a feed-forward net over the five
tokens around each one, without recurrence and without attention,

    z_t = [x_{t-2}; x_{t-1}; x_t; x_{t+1}; x_{t+2}], zeros beyond the sequence
    y_t = LayerNorm(x_t + dropout(U tanh(H z_t + b) + u))

A token sees two more tokens on either side with each layer, so a stack of L layers never relates
two texts that are more than 2 L tokens apart: that is what the method shows.

h and the rows of H are the multiples of eight that bring a layer nearest to the Transformer layer
it replaces. With a feed-forward part of 4 d (all of BERT's sizes) h is 3 d / 4 and a layer has 2 d
numbers more than the Transformer layer's 12 d² + 13 d; H has 2 d rows and a layer 8 d fewer.
"""

import torch
from torch import Tensor, nn

from tuning_curves.encoders.dropout import Dropout
from tuning_curves.encoders.families.base import replace_part
from tuning_curves.encoders.model import EncoderModel
from tuning_curves.encoders.packing import Packing, to_device
from tuning_curves.methods.base import Implementation
from tuning_curves.methods.extent import WINDOW, nearest_units, recurrent_numbers, window_numbers

REACH = WINDOW // 2  # tokens on either side of a window


class RecurrentLayer(nn.Module):
    """LSTMs in both directions, projection, residual sum and LayerNorm: [1, T, d] to the same.

    Each direction is one run over all sequences side by side, which begins at each one's own first
    or last token and ends in zeros that nothing reads: several times quicker on a CPU than torch's
    packed sequences, which fall apart into a product a place.
    """

    numbers = staticmethod(recurrent_numbers)

    def __init__(self, width: int, units: int, dropout: Dropout, epsilon: float) -> None:
        super().__init__()
        self.onward = nn.LSTM(width, units)
        self.back = nn.LSTM(width, units)
        self.project = nn.Linear(2 * units, width)
        self.dropout = dropout
        self.norm = nn.LayerNorm(width, eps=epsilon)

    def forward(self, hidden: Tensor, _mask: None, *, packing: Packing) -> Tensor:
        row = nn.functional.pad(hidden[0].float(), (0, 0, 0, 1))  # zeros stand at T
        states = []
        with torch.autocast(hidden.device.type, enabled=False):
            ways = _ways(packing)
            for lstm, (places, back) in zip((self.onward, self.back), ways, strict=True):
                inputs = row.index_select(0, places.flatten()).view(*places.shape, -1)
                states.append(lstm(inputs)[0].flatten(0, 1).index_select(0, back))
        return self.norm(hidden + self.dropout(self.project(torch.cat(states, dim=-1)[None])))


def _ways(packing: Packing) -> list[tuple[Tensor, Tensor]]:
    """For each direction `side_by_side`'s places, and where each token then stands; on the device.

    Made once a row of sequences, and the same for all layers.
    """
    if "side by side" not in packing.derived:
        device, tokens = packing.device_bounds.device, packing.bounds[-1]
        packing.derived["side by side"] = [
            (to_device(places, device), to_device(places.flatten().argsort()[:tokens], device))
            for places in side_by_side(packing)
        ]
    return packing.derived["side by side"]


def side_by_side(packing: Packing) -> tuple[Tensor, Tensor]:
    """Where in the row each sequence's tokens stand, from its first one on and from its last back.

    Returns:
        int64 [longest, B] each; T, one beyond the row, where a sequence has ended.
    """
    lengths, first = torch.tensor(packing.lengths), torch.tensor(packing.bounds[:-1])
    places = torch.arange(packing.longest)[:, None]
    inside = places < lengths
    onward, back = first + places, first + lengths - 1 - places
    beyond = packing.bounds[-1]
    return onward.where(inside, beyond), back.where(inside, beyond)


class WindowLayer(nn.Module):
    """A net over neighbouring tokens, residual sum and LayerNorm: [1, T, d] to the same."""

    numbers = staticmethod(window_numbers)

    def __init__(self, width: int, units: int, dropout: Dropout, epsilon: float) -> None:
        super().__init__()
        self.window = nn.Linear(WINDOW * width, units)
        self.project = nn.Linear(units, width)
        self.dropout = dropout
        self.norm = nn.LayerNorm(width, eps=epsilon)

    def forward(self, hidden: Tensor, _mask: None, *, packing: Packing) -> Tensor:
        inner = torch.tanh(self.window(gather_windows(hidden, packing)))
        return self.norm(hidden + self.dropout(self.project(inner)))


def gather_windows(hidden: Tensor, packing: Packing) -> Tensor:
    """Each token's window side by side, [1, T, WINDOW · d]; zeros beyond its own sequence."""
    tokens = hidden.shape[1]
    places = torch.arange(-REACH, tokens + REACH, device=hidden.device)
    owner = torch.bucketize(places, packing.device_bounds, right=True)
    around = nn.functional.pad(hidden, (0, 0, REACH, REACH))
    parts = []
    for first in range(WINDOW):
        foreign = owner[first : first + tokens] != owner[REACH : REACH + tokens]
        parts.append(around[:, first : first + tokens].masked_fill(foreign[:, None], 0.0))
    return torch.cat(parts, dim=-1)


def replace_layers(model: EncoderModel, kind: type[RecurrentLayer] | type[WindowLayer]) -> None:
    """Put a layer of this kind, of nearly the same size, in place of each Transformer layer."""
    units = nearest_units(model.shape(), kind.numbers)
    width, epsilon = model.setting("width"), model.setting("norm_epsilon")
    layers = []
    for _ in model.layers:
        dropout = Dropout(model.setting("hidden_dropout"), model.dropout_bits)
        layers.append(kind(width, units, dropout, epsilon))
    replace_part(model.encoder, model.family.layers, nn.ModuleList(layers))


def draw_everything(model: EncoderModel, generator: torch.Generator) -> None:
    """Draw every number of the encoder anew; the head has been drawn already."""
    deviation = model.setting("deviation")
    for module in model.encoder.modules():
        draw_module(module, deviation, generator)


def draw_module(module: nn.Module, deviation: float, generator: torch.Generator) -> None:
    """Draw a module's own weights as `PreTrainedModel._init_weights` does."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=deviation, generator=generator)
    if isinstance(module, nn.Linear):
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding) and module.padding_idx is not None:
        nn.init.zeros_(module.weight[module.padding_idx])
    elif isinstance(module, nn.LayerNorm):
        nn.init.ones_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.LSTM):
        for parameter in module.parameters():
            if parameter.ndim == 2:
                nn.init.xavier_uniform_(parameter, generator=generator)
            else:
                nn.init.zeros_(parameter)


SCRATCH = Implementation(initialise=draw_everything)
RNN = Implementation(
    extend=lambda model: replace_layers(model, RecurrentLayer), initialise=draw_everything
)
FIXED_WINDOW = Implementation(
    extend=lambda model: replace_layers(model, WindowLayer), initialise=draw_everything
)
