"""Every method's entry: the one place where names, looks, equations, sources and rates are stated.

Hues are those of Okabe and Ito, and of Tol for the groups that theirs do not reach; both can be
told apart by readers with any colour vision. A group shares a hue; inside it marker, fill and
dashes differ, so that a figure can also be read in grey.
"""

from dataclasses import replace
from typing import Any

from tuning_curves.encoders.families.base import TERMS
from tuning_curves.methods import extent
from tuning_curves.methods.entry import MAIN, MethodEntry, dotted, vary

BLACK, GREY = "#000000", "#5F5F5F"
VERMILION, ORANGE, BLUE, SKY = "#D55E00", "#E69F00", "#0072B2", "#56B4E9"
GREEN, PURPLE = "#009E73", "#CC79A7"
WINE, OLIVE = "#882255", "#84841A"

BIASES, ADDED, BY_PLACE = "some of the biases", "added modules", "by depth or type"
SINGLE, UNTRAINED = "single parameters", "without pre-training"
GROUPS = (MAIN, BIASES, ADDED, BY_PLACE, SINGLE, UNTRAINED)

SELECT_EXAMPLES = 1024  # Sung et al. 2021, code: num_samples
BITFIT_SOURCE = "Ben Zaken et al. 2022, section 3, equations 1 to 5"
MASK_SOURCE = "Ben Zaken et al. 2022, Table 3; the authors' code"
REPLICATIONS = "replications of BitFit"
CACHED = "What lies below is cached in half precision and runs without dropout."
PEFT = ("peft",)
ALL_BIASES = tuple(f"{term}.bias" for term in TERMS)
NO_BIASES = "value-bias, which adds one to each value projection"

FULL = MethodEntry(
    name="full",
    label="full fine-tuning",
    order=(0, 0),
    group=MAIN,
    main=True,
    colour=BLACK,
    marker="o",
    trains=extent.trains_everything,
    equation="every parameter of the encoder",
    source="Devlin et al. 2019, sections 3.2 and 4.2",
    rates=(1e-5, 2e-5, 3e-5, 5e-5),
    rates_source=REPLICATIONS,
    deviations="No pooler, unless the task reads it. Attention dropout is off unless a study sets "
    "it.",
)

HEAD = MethodEntry(
    name="head",
    label="head only",
    order=(4, 0),
    group=MAIN,
    main=True,
    colour=GREY,
    marker="X",
    dashes=(1, 1.5),
    equation="the head alone",
    source="Devlin et al. 2019, section 5.3 (the encoder as fixed features)",
    rates=(1e-3, 3e-3, 1e-2),
    deviations="The top layer's output alone, and a linear head; the source's best features join "
    "four layers under a BiLSTM. The encoder's output is cached in half precision, without "
    "dropout.",
)

BITFIT = MethodEntry(
    name="bitfit",
    label="BitFit",
    order=(1, 0),
    group=BIASES,
    main=True,
    colour=VERMILION,
    marker="s",
    dashes=(6, 2),
    trains=extent.trains_bias,
    needs=ALL_BIASES,
    instead=NO_BIASES,
    equation="b_q, b_k, b_v, b_m1, b_LN1, b_m2, b_m3, b_LN2 of each layer, the embeddings' b_LN",
    source=BITFIT_SOURCE,
    rates=(1e-4, 4e-4, 7e-4, 1e-3),
    rates_source=REPLICATIONS,
    deviations="The pooler's bias, which the authors train too, only where the task reads the "
    "pooler.",
)

TERM_MARKS = {
    "qm2": "D", "q": "o", "k": "s", "v": "d", "m1": "<", "ln1": "P", "m2": ">", "m3": "p",
    "ln2": "X",
}  # fmt: skip
ALSO = {  # what the authors' code trains besides, since it matches parts of names
    "m3": " By exact name: the authors' `output` also trains b_m1.",
    "LN2": " By exact name: the authors' `output_layernorm` also trains b_LN1.",
}


def _terms(place: int, suffix: str, terms: tuple[str, ...]) -> MethodEntry:
    """BitFit of these bias terms alone."""
    variant = vary(BITFIT, f"BitFit ({', '.join(terms)})", place, place)
    return replace(
        variant,
        name=f"bitfit-{suffix}",
        marker=TERM_MARKS[suffix],
        trains=extent.trains_biases(*terms),
        needs=tuple(f"{term}.bias" for term in terms),
        equation=" and ".join(f"b_{term}" for term in terms) + " of each layer",
        deviations=BITFIT.deviations + "".join(ALSO.get(term, "") for term in terms),
    )


BITFIT_TERMS = tuple(
    _terms(place, suffix, terms)
    for place, (suffix, terms) in enumerate(
        {"qm2": ("q", "m2"), **{term.lower(): (term,) for term in TERMS}}.items(), start=1
    )
)

BITFIT_NORM = replace(
    vary(BITFIT, "BitFit and LayerNorm gains", 10, 4),
    name="bitfit-norm",
    marker="H",
    trains=extent.trains_bias_and_norm,
    equation="what bitfit trains, and the gain of every LayerNorm",
    source="ours: Ben Zaken et al. 2022 with the LayerNorms of Houlsby et al. 2019",
    rates_source="ours",
)

VALUE_BIAS = replace(
    vary(BITFIT, "value bias", 11, 5),
    name="value-bias",
    marker="X",
    trains=extent.trains_nothing,
    adds=extent.add_value_bias,
    needs=(),
    replaces=("v.bias",),
    instead="bitfit-v, which trains it",
    equation="a new b_v, zero at the start, of each layer",
    source="BEFT (arXiv 2509.15974); peft's `beft`",
    rates_source="the authors' code, for the biases of BERT-base",
    deviations="For encoders that have no b_v: where there is one, bitfit-v is the method.",
)

LAYERNORM = MethodEntry(
    name="layernorm",
    label="LayerNorm only",
    order=(6, 0),
    group=BY_PLACE,
    colour=PURPLE,
    marker="P",
    dashes=(5, 1.5),
    trains=extent.trains_layernorm,
    equation="gain and bias of every LayerNorm, the embeddings' included",
    source="Houlsby et al. 2019 (a control)",
    rates=(1e-4, 3e-4, 1e-3),
)

ATTENTION = MethodEntry(
    name="attention",
    label="attention only",
    order=(7, 0),
    group=BY_PLACE,
    colour=PURPLE,
    marker="p",
    dashes=(2, 1),
    filled=False,
    trains=extent.trains_parts("q", "k", "v", "qkv", "m1"),
    equation="W_q, W_k, W_v, W_m1 of each layer with their biases",
    source="Touvron et al. 2022 (arXiv 2203.09795), for vision",
    rates=FULL.rates,
    deviations="The source's encoders read images.",
)

RANDOM_MASK = MethodEntry(
    name="random-mask",
    label="random mask",
    order=(8, 0),
    group=SINGLE,
    colour=ORANGE,
    marker="<",
    dashes=(3, 3),
    like="bitfit",
    equation="as many entries as bitfit trains, drawn from all of the encoder",
    source=MASK_SOURCE,
    rates=BITFIT.rates,
    deviations="Drawn without replacement, exactly as many as the biases; the authors draw "
    "with replacement, a fixed number (100,000 for BERT-base) cut off to whole numbers in "
    "each tensor. Another draw for each seed.",
)

RANDOM_MASK_QM2 = replace(
    vary(RANDOM_MASK, "random mask (q, m2)", 1, 1),
    name="random-mask-qm2",
    like="bitfit-qm2",
    equation="as many entries as bitfit-qm2 trains, drawn from all of the encoder",
)

RANDOM_ROWS = MethodEntry(
    name="random-rows",
    label="random rows",
    order=(9, 0),
    group=SINGLE,
    colour=ORANGE,
    marker=">",
    dashes=(1, 3),
    filled=False,
    like="bitfit",
    equation="for each bias as many entries of the weight beside it: one random column, or out / "
    "in random rows, of a matrix; the whole gain of a LayerNorm",
    source=MASK_SOURCE,
    rates=BITFIT.rates,
    deviations="Rows are drawn without replacement. The gain of the embeddings' LayerNorm is "
    "trained too, so that the total is BitFit's; the authors train nothing of the embeddings.",
)

FISHER_MASK = MethodEntry(
    name="fisher-mask",
    label="Fisher mask",
    order=(10, 0),
    group=SINGLE,
    colour=ORANGE,
    marker="d",
    dashes=(7, 1.5, 1, 1.5),
    like="bitfit",
    equation="as many entries as bitfit trains, those with the largest sum of squared gradients",
    source="Sung et al. 2021 (arXiv 2111.09839), section 3; the authors' code",
    rates=(5e-5,),
    rates_source="the authors' code",
    deviations=f"The empirical Fisher information, with the labels, of up to {SELECT_EXAMPLES:,} "
    "examples of the run's own subset, with the head as it is drawn and without dropout; the "
    "paper takes the expectation over the model's own answers, its code offers both. An example "
    "is taken with all its windows. As many entries as BitFit trains, where the source keeps "
    "0.5 %: its learning rate is for those. The cost of choosing (a pass forward and back for "
    "each example, and the encoder's whole gradient) is not in a run's costs.",
)

IA3 = MethodEntry(
    name="ia3",
    label="IA3",
    order=(12, 0),
    group=ADDED,
    colour=WINE,
    marker="*",
    dashes=(5, 1, 2, 1),
    adds=extent.add_ia3,
    needs=("k.weight", "v.weight", "m3.weight"),
    instead="lora-all",
    equation="softmax(Q (l_k ⊙ K)ᵀ / √d_head) (l_v ⊙ V), (l_ff ⊙ γ(x W_1)) W_2",
    source="Liu et al. 2022, section 3.3",
    rates=(3e-3,),
    rates_source="the authors' code",
    deviations="AdamW in place of Adafactor, and neither of the paper's two added losses; an "
    "encoder has no cross-attention to scale.",
    packages=PEFT,
)

SCRATCH = MethodEntry(
    name="scratch",
    label="from scratch",
    order=(14, 0),
    group=UNTRAINED,
    colour=OLIVE,
    marker="o",
    dashes=(1, 1),
    filled=False,
    trains=extent.trains_everything,
    equation="every parameter of the encoder, drawn anew",
    source="Vaswani et al. 2017, section 3; Devlin et al. 2019, section 3",
    rates=(1e-4,),
    deviations="Trained on the examples alone, without any pre-training.",
    pretrained=False,
)

RNN = MethodEntry(
    name="rnn",
    label="BiLSTM reader",
    order=(15, 0),
    group=UNTRAINED,
    colour=OLIVE,
    marker="s",
    dashes=(4, 4),
    filled=False,
    trains=extent.trains_outside,
    adds=extent.add_layers(extent.recurrent_numbers),
    equation="c_t = f ⊙ c_{t-1} + i ⊙ g, s_t = o ⊙ tanh(c_t), both ways; "
    "y_t = LN(x_t + P [s_t; s'_t] + p)",
    source="Hochreiter and Schmidhuber 1997; Graves and Schmidhuber 2005",
    rates=(1e-3,),
    deviations="Each layer has a projection, a residual sum and a LayerNorm, without which a stack "
    "as deep as the encoder hardly trains.",
    pretrained=False,
)

FIXED_WINDOW = MethodEntry(
    name="fixed-window",
    label="fixed-window reader",
    order=(16, 0),
    group=UNTRAINED,
    colour=OLIVE,
    marker="D",
    dashes=(2, 4),
    filled=False,
    trains=extent.trains_outside,
    adds=extent.add_layers(extent.window_numbers),
    equation="y_t = LN(x_t + U tanh(H [x_{t-2}; ..; x_{t+2}] + b) + u)",
    source="Bengio et al. 2003, section 2",
    rates=(1e-3,),
    deviations="Both sides of the token are read; a residual sum in place of the paper's direct "
    "connections from input to output.",
    pretrained=False,
)

HOULSBY = MethodEntry(
    name="adapter-houlsby",
    label="adapter (Houlsby)",
    order=(2, 0),
    group=ADDED,
    main=True,
    colour=BLUE,
    marker="^",
    dashes=(4, 1.5, 1, 1.5),
    trains=extent.trains_layernorm,
    adds=extent.add_houlsby,
    size="may",
    at_none=str(extent.HOULSBY_SIZE),
    equation="two adapters a layer, bottleneck {size}, and every LayerNorm",
    source="Houlsby et al. 2019, section 2.1",
    rates=(3e-5, 1e-4, 3e-4, 1e-3),
    rates_source="Houlsby et al. 2019, section 3.5",
    deviations="Weights are drawn with the paper's deviation, 0.01; its code has 0.001.",
)

PFEIFFER = MethodEntry(
    name="adapter-pfeiffer",
    label="adapter (Pfeiffer)",
    order=(3, 0),
    group=ADDED,
    main=True,
    colour=SKY,
    marker="v",
    dashes=(3, 1, 1, 1, 1, 1),
    adds=extent.add_pfeiffer,
    needs=("LN2.weight",),
    instead="adapter-houlsby",
    size="may",
    at_none=f"width / {extent.PFEIFFER_REDUCTION}",
    equation="an adapter a layer, after the feed-forward block, bottleneck {size}",
    source="Pfeiffer et al. 2021, section 3; AdapterHub SeqBnConfig",
    rates=(1e-4,),
    rates_source="Pfeiffer et al. 2021",
)

LORA = MethodEntry(
    name="lora",
    label="LoRA",
    order=(11, 0),
    group=ADDED,
    colour=WINE,
    marker="h",
    dashes=(10, 2),
    adds=extent.add_lora(*extent.LORA_PARTS),
    needs=("q.weight", "v.weight"),
    instead="lora-all",
    size="may",
    at_none=str(extent.RANK),
    equation="(W_q + (8/{size}) B_q A_q) x, (W_v + (8/{size}) B_v A_v) x, A [{size}, d], "
    "B [d, {size}]",
    source="Hu et al. 2021, sections 4.1 and 4.2",
    rates=(4e-4, 5e-4),
    rates_source="the authors' scripts for GLUE",
    deviations="α is 8, without weight decay; the authors' scripts have 16 and 0.1.",
    packages=PEFT,
)

LORA_ALL = replace(
    vary(LORA, "LoRA (all matrices)", 1, 6),
    name="lora-all",
    adds=extent.add_lora(*extent.LINEAR),
    needs=(),
    instead="",
    equation="(W + (8/{size}) B A) x of every matrix W of each layer, A [{size}, in], "
    "B [out, {size}]",
    source="Hu et al. 2021, section 4.1; “LoRA Without Regret” (2025)",
    rates=(1e-4, 2e-4, 5e-4),
    rates_source="ten times those of full, as “LoRA Without Regret” has it",
    deviations="α is 8, without weight decay. Short runs want up to fifteen times full's rates.",
)

PREFIX = MethodEntry(
    name="prefix",
    label="prefix tuning",
    order=(13, 0),
    group=ADDED,
    colour=WINE,
    marker="H",
    dashes=(2, 2),
    filled=False,
    adds=extent.add_prefix,
    size="may",
    at_none=str(extent.VIRTUAL_TOKENS),
    equation="softmax(Q [P_k; K]ᵀ / √d_head) [P_v; V], P_k and P_v [{size}, d]",
    source="Li and Liang 2021, section 4",
    rates=(5e-3,),
    rates_source="P-tuning v2's code for SQuAD",
    deviations="No reparametrisation by an MLP (section 4.3), as in P-tuning v2. A token's "
    "position is counted from its sequence's first real token.",
    packages=PEFT,
)


def _top(size: int) -> dict[str, Any]:
    """The number itself is the mark."""
    layers = "layer" if size == 1 else f"{size} layers"
    return {
        "label": f"top {layers}",
        "marker": f"$\\mathbf{{{size}}}$",
        "filled": True,
        "dashes": dotted(size),
        "trains": extent.trains_top(size),
        "equation": f"every parameter of the highest {layers}",
    }


TOP = MethodEntry(
    name="top",
    label="top layers",
    order=(5, 0),
    group=BY_PLACE,
    colour=GREEN,
    marker="D",
    dashes=(8, 2),
    size="must",
    resized=_top,
    equation="every parameter of the highest layers",
    source="Lee et al. 2019 (arXiv 1911.03090)",
    rates=FULL.rates,
    deviations=CACHED,
)

TABLE = (
    FULL, HEAD, BITFIT, *BITFIT_TERMS, BITFIT_NORM, VALUE_BIAS, LAYERNORM, ATTENTION, RANDOM_MASK,
    RANDOM_MASK_QM2, RANDOM_ROWS, FISHER_MASK, IA3, SCRATCH, RNN, FIXED_WINDOW, HOULSBY, PFEIFFER,
    LORA, LORA_ALL, PREFIX, TOP,
)  # fmt: skip
