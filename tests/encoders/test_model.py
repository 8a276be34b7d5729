"""The packed model against the library's own padded one, and what a damaged checkpoint says."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional
from transformers import BertForQuestionAnswering
from transformers.utils import logging as library_logging

from tuning_curves.encoders.dropout import Dropout
from tuning_curves.encoders.model import EncoderModel, load_encoder
from tuning_curves.encoders.packing import Packing
from tuning_curves.tasks.question_answering.loss import span_loss
from tuning_curves.util.errors import DataError, UsageError

CPU = torch.device("cpu")
LENGTHS = [7, 1, 23, 12]


def load(folder: Path) -> EncoderModel:
    return load_encoder(folder, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)


def sequences(vocabulary: int, lengths: list[int], seed: int = 0) -> list[tuple[Tensor, Tensor]]:
    """Random (tokens, types) of these lengths; the last half of each has type 1."""
    generator = torch.Generator().manual_seed(seed)
    tokens = [torch.randint(5, vocabulary, (n,), generator=generator) for n in lengths]
    return [(t, (torch.arange(len(t)) >= len(t) // 2).long()) for t in tokens]


def pack(model: EncoderModel, rows: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Packing]:
    """What enters the lowest layer: [1, T, width], and where the sequences lie."""
    lengths = [len(tokens) for tokens, _ in rows]
    tokens, types = (torch.cat(part)[None] for part in zip(*rows, strict=True))
    positions = torch.cat([torch.arange(n) for n in lengths])[None]
    return model.embed(tokens, positions, types), Packing.of(lengths, CPU)


def padded(reference: BertForQuestionAnswering, rows: list[tuple[Tensor, Tensor]]) -> list[Tensor]:
    """The library's logits of real tokens, [length, 2] for each sequence of a padded batch."""
    longest = max(len(tokens) for tokens, _ in rows)
    batch = torch.zeros(3, len(rows), longest, dtype=torch.long)  # tokens, types, mask
    for number, (tokens, types) in enumerate(rows):
        batch[:, number, : len(tokens)] = torch.stack((tokens, types, torch.ones_like(types)))
    tokens, types, mask = batch
    out = reference(input_ids=tokens, token_type_ids=types, attention_mask=mask)
    logits = torch.stack((out.start_logits, out.end_logits), dim=-1)
    return [row[: len(tokens)] for row, (tokens, _) in zip(logits, rows, strict=True)]


def twins(folder: Path) -> tuple[EncoderModel, BertForQuestionAnswering]:
    """Ours and the library's model, with the same weights and the same span head."""
    library_logging.set_verbosity_error()
    reference = BertForQuestionAnswering.from_pretrained(folder, attn_implementation="eager")
    model = load(folder)
    model.initialise_head(torch.Generator().manual_seed(1))
    reference.qa_outputs.load_state_dict(model.head.state_dict())
    return model.eval(), reference.eval()


def test_packed_logits_are_the_padded_models(tiny_encoder: Path) -> None:
    model, reference = twins(tiny_encoder)
    rows = sequences(model.encoder.config.vocab_size, LENGTHS)
    with torch.inference_mode():
        ours = model(*pack(model, rows))
        theirs = torch.cat(padded(reference, rows))
    assert ours.shape == (sum(LENGTHS), 2)
    assert ours.dtype == torch.float32
    assert theirs.std() > 0.01  # not a comparison of zeros
    assert (ours - theirs).abs().max() < 1e-5


def test_packed_logits_are_the_padded_models_for_a_real_encoder(real_encoder: Path) -> None:
    model, reference = twins(real_encoder)
    rows = sequences(model.encoder.config.vocab_size, [60, 12, 33])
    with torch.inference_mode():
        ours = model(*pack(model, rows))
        theirs = torch.cat(padded(reference, rows))
    assert theirs.std() > 0.01
    assert (ours - theirs).abs().max() < 1e-5


def test_gradients_are_the_padded_models(tiny_encoder: Path) -> None:
    """Of the loss over real tokens, for every parameter of encoder and head."""
    model, reference = twins(tiny_encoder)
    rows = sequences(model.encoder.config.vocab_size, LENGTHS)
    starts, ends = torch.tensor([1, 0, 20, 3]), torch.tensor([6, 0, 22, 3])
    hidden, packing = pack(model, rows)
    span_loss(model(hidden, packing), packing, starts, ends).backward()
    by_hand(padded(reference, rows), starts, ends).backward()
    theirs = {
        name.removeprefix("bert.").replace("qa_outputs.", "head."): p.grad
        for name, p in reference.named_parameters()
    }
    ours = {name.removeprefix("encoder."): p.grad for name, p in model.named_parameters()}
    assert ours.keys() == theirs.keys()
    assert sum(float(gradient.abs().sum()) for gradient in theirs.values()) > 1.0
    for name, gradient in ours.items():
        assert (gradient - theirs[name]).abs().max() < 1e-5, name


def by_hand(logits: list[Tensor], starts: Tensor, ends: Tensor) -> Tensor:
    """Mean over sequences of the mean of two cross-entropies."""
    losses = [
        (functional.cross_entropy(row[:, 0], start) + functional.cross_entropy(row[:, 1], end)) / 2
        for row, start, end in zip(logits, starts, ends, strict=True)
    ]
    return torch.stack(losses).mean()


def test_the_loss_is_each_sequences_cross_entropy() -> None:
    logits = torch.randn(sum(LENGTHS), 2, generator=torch.Generator().manual_seed(2)) * 3
    starts, ends = torch.tensor([6, 0, 0, 4]), torch.tensor([6, 0, 22, 11])
    loss = span_loss(logits, Packing.of(LENGTHS, CPU), starts, ends)
    expected = by_hand(list(logits.split(LENGTHS)), starts, ends)
    assert loss.item() == pytest.approx(expected.item(), abs=1e-6)


def test_equal_logits_cost_the_logarithm_of_the_length() -> None:
    """ln 4 and ln 2: start and end of each cost the same, the mean is 1.5 ln 2."""
    packing = Packing.of([4, 2], CPU)
    loss = span_loss(torch.zeros(6, 2), packing, torch.tensor([0, 1]), torch.tensor([3, 1]))
    assert loss.item() == pytest.approx(1.5 * 0.6931472, abs=1e-6)


def test_a_sequence_does_not_see_its_neighbours(tiny_encoder: Path) -> None:
    model = load(tiny_encoder).eval()
    vocabulary = model.encoder.config.vocab_size
    rows = sequences(vocabulary, LENGTHS)
    others = [*rows[:2], sequences(vocabulary, LENGTHS, seed=9)[2], rows[3]]
    with torch.inference_mode():
        before, after = (model(*pack(model, batch)).split(LENGTHS) for batch in (rows, others))
    assert not torch.equal(before[2], after[2])
    for number in (0, 1, 3):
        assert torch.equal(before[number], after[number])


@pytest.mark.parametrize("first", [0, 1, 3])
def test_a_run_from_a_cached_layer_is_the_full_run(tiny_encoder: Path, first: int) -> None:
    model = load(tiny_encoder).eval()
    hidden, packing = pack(model, sequences(model.encoder.config.vocab_size, LENGTHS))
    with torch.inference_mode():
        full = model(hidden, packing)
        cached = model.run_layers(hidden, packing, 0, first)
        assert torch.equal(model(cached, packing, first=first), full)
    assert torch.equal(cached, hidden) == (first == 0)


def test_bfloat16_stays_near_float32(tiny_encoder: Path) -> None:
    model = load(tiny_encoder).eval()
    hidden, packing = pack(model, sequences(model.encoder.config.vocab_size, LENGTHS))
    full = model(hidden, packing)
    with torch.autocast("cpu", torch.bfloat16):
        half = model(hidden, packing)
    assert half.dtype == torch.float32
    assert 0 < (half - full).abs().max() < 0.1 * full.std()


def test_the_head_is_drawn_as_the_library_draws_it(tiny_encoder: Path) -> None:
    model = load(tiny_encoder)
    heads = []
    for seed in (0, 0, 1):
        model.initialise_head(torch.Generator().manual_seed(seed))
        heads.append(model.head.weight.detach().clone())
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])
    assert 0.013 < heads[0].std() < 0.027  # initializer_range 0.02, 64 draws
    assert torch.equal(model.head.bias, torch.zeros(2))


def test_dropout_is_what_was_asked_for(tiny_encoder: Path) -> None:
    model = load_encoder(tiny_encoder, outputs=2, hidden_dropout=0.3, attention_dropout=0.2)
    rates = [m.p for m in model.modules() if isinstance(m, (Dropout, torch.nn.Dropout))]
    assert sorted(rates) == [0.2] * 3 + [0.3] * 7  # attention; embeddings, two in each layer
    hidden, packing = pack(model.train(), sequences(50, LENGTHS))
    assert not torch.equal(model(hidden, packing), model(hidden, packing))
    assert torch.equal(model.eval()(hidden, packing), model(hidden, packing))


def test_loading_is_silent_and_restores_the_librarys_voice(
    tiny_encoder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = copied(tiny_encoder, tmp_path)
    change_tensors(folder, lambda all_: all_.update({"pooler.dense.bias": torch.zeros(32)}))
    verbosity = library_logging.get_verbosity()
    library_logging.set_verbosity_info()
    try:
        load(folder)
        assert library_logging.get_verbosity() == library_logging.INFO
        assert library_logging.is_progress_bar_enabled()
    finally:
        library_logging.set_verbosity(verbosity)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""


def test_a_failed_load_restores_the_librarys_voice(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = copied(tiny_encoder, tmp_path)
    (folder / "model.safetensors").write_bytes(b"")
    verbosity = library_logging.get_verbosity()
    library_logging.set_verbosity_info()
    try:
        with pytest.raises(DataError):
            load(folder)
        assert library_logging.get_verbosity() == library_logging.INFO
        assert library_logging.is_progress_bar_enabled()
    finally:
        library_logging.set_verbosity(verbosity)


def test_pre_training_checkpoints_load(tiny_encoder: Path, tmp_path: Path) -> None:
    """As on the hub: the prefix "bert.", LayerNorm's gamma and beta, other heads, half width."""
    folder = copied(tiny_encoder, tmp_path)
    state = load_file(folder / "model.safetensors")
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    renamed = {"cls.seq_relationship.bias": torch.zeros(2, dtype=torch.float16)}
    for name, tensor in state.items():
        before = name
        for new, was in old.items():
            before = before.replace(new, was)
        renamed[f"bert.{before}"] = tensor.half()
    save_file(renamed, folder / "model.safetensors")
    loaded = load(folder).encoder.state_dict()
    for name, tensor in state.items():
        assert loaded[name].dtype == torch.float32
        assert torch.equal(loaded[name], tensor.half().float()), name


def copied(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / "encoder"))


def change_config(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


def change_tensors(folder: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    state = load_file(folder / "model.safetensors")
    change(state)
    save_file(state, folder / "model.safetensors")


def refusal(folder: Path, kind: type[Exception] = DataError) -> str:
    """The message of the refused load; nothing else may be raised."""
    with pytest.raises(kind) as caught:
        load(folder)
    return str(caught.value)


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_a_missing_file_is_refused(tiny_encoder: Path, tmp_path: Path, missing: str) -> None:
    folder = copied(tiny_encoder, tmp_path)
    (folder / missing).unlink()
    assert refusal(folder).startswith(f"{folder}: no {missing} (expected")


def test_pickled_weights_alone_are_refused(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = copied(tiny_encoder, tmp_path)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    message = refusal(folder)
    assert "no model.safetensors" in message
    assert "pickled weights are refused" in message
    assert message.endswith("fix: fetch the encoder again, or convert its weights to safetensors")


@pytest.mark.parametrize("keep", [0, 4, 5_000])
def test_torn_weights_are_refused(tiny_encoder: Path, tmp_path: Path, keep: int) -> None:
    folder = copied(tiny_encoder, tmp_path)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    message = refusal(folder)
    assert message.startswith(f"{weights}: torn, or not a safetensors file (")
    assert message.endswith("fix: fetch the encoder again")


def test_a_tensor_of_another_shape_is_named(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = copied(tiny_encoder, tmp_path)
    change_config(folder, intermediate_size=48)
    assert refusal(folder).startswith(
        f"{folder}/model.safetensors: tensor 'encoder.layer.0.intermediate.dense.bias' has shape "
        "(64,), expected (48,)"
    )


def test_a_missing_tensor_is_named(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = copied(tiny_encoder, tmp_path)
    change_tensors(folder, lambda all_: all_.pop("encoder.layer.1.output.dense.bias"))
    assert refusal(folder).startswith(
        f"{folder}/model.safetensors: lacks 1 tensor, the first is "
        "'encoder.layer.1.output.dense.bias'"
    )


def test_more_layers_than_the_configuration_says_are_refused(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    folder = copied(tiny_encoder, tmp_path)
    change_config(folder, num_hidden_layers=2)
    message = refusal(folder)
    assert message.startswith(f"{folder}/model.safetensors: 16 tensors without a place")
    assert "'encoder.layer.2.attention.output.LayerNorm.bias'" in message


def test_a_torn_configuration_is_refused(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = copied(tiny_encoder, tmp_path)
    (folder / "config.json").write_text('{"model_type": "be')
    message = refusal(folder)
    assert message.startswith(f"{folder}/config.json: the encoder's configuration is not valid")
    assert message.endswith("fix: fetch the encoder again")


@pytest.mark.parametrize("text", ["{}", "[1]", '{"hidden_size": 32}'])
def test_a_configuration_without_model_type_is_refused(
    tiny_encoder: Path, tmp_path: Path, text: str
) -> None:
    folder = copied(tiny_encoder, tmp_path)
    (folder / "config.json").write_text(text)
    message = refusal(folder)
    assert message.startswith(f"{folder}/config.json: no 'model_type' (expected")
    assert message.endswith("fix: fetch the encoder again")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"num_attention_heads": 5}, "hidden size (32) is not a multiple"),
        ({"hidden_act": "nonsense"}, "'nonsense'"),
    ],
)
def test_a_configuration_that_cannot_be_built_is_refused(
    tiny_encoder: Path, tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    folder = copied(tiny_encoder, tmp_path)
    change_config(folder, **changes)
    message = refusal(folder)
    assert message.startswith(f"{folder}/config.json: describes no encoder that can be built")
    assert reason in message


@pytest.mark.parametrize("kind", ["mpnet", "deberta-v2", "gpt2", "unheard-of"])
def test_an_encoder_that_would_be_fed_wrongly_is_refused(
    tiny_encoder: Path, tmp_path: Path, kind: str
) -> None:
    folder = copied(tiny_encoder, tmp_path)
    change_config(folder, model_type=kind)
    message = refusal(folder, UsageError)
    assert message.startswith(f"{folder}/config.json: model_type '{kind}' (expected bert, ")
    assert "other encoders would load, and compute something else" in message
    assert "fix: choose an encoder of model_type bert, " in message
    assert message.endswith(" or xlm-roberta")
