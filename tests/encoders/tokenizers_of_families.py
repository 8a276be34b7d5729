"""Small tokenizers as RoBERTa (bytes) and XLM-RoBERTa and CamemBERT (pieces) have them."""

import json
from pathlib import Path

WORDS = (
    "the of was built in by its lamp burns and a bell weighs kilograms who when what does how much"
    " lighthouse where which it on island oil coal sea ferry market bridge every at with from"
)
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'.,?!—-éÉÅöĈ"


def save_bytes(folder: Path) -> int:
    """Byte-level BPE with its vocabulary's files beside it; returns how many tokens there are."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import RobertaTokenizer

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator([WORDS] * 3, trainer)
    model = json.loads(backend.to_str())["model"]
    merges = [tuple(merge) for merge in model["merges"]]
    RobertaTokenizer(vocab=model["vocab"], merges=merges).save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]))
    (folder / "merges.txt").write_text("\n".join(map(" ".join, merges)))
    return len(model["vocab"])


def save_pieces(folder: Path, name: str) -> int:
    """Pieces, as `XLMRobertaTokenizer` or `CamembertTokenizer` cuts; how many tokens there are."""
    import transformers

    pieces = [(piece, 0.0) for piece in SPECIAL[:4]]
    pieces += [("▁", -3.0), *((character, -6.0) for character in CHARACTERS)]
    pieces += [(f"▁{word}", -2.0) for word in dict.fromkeys(WORDS.split()) if len(word) > 1]
    tokenizer = getattr(transformers, name)(vocab=[*pieces, ("<mask>", 0.0)])
    tokenizer.save_pretrained(folder)
    return len(tokenizer)
