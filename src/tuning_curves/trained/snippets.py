"""How an exported model is loaded and asked, as Python that needs its library alone.

A model's card has the snippet of its format and task, and the documentation some of them; tests run
all. `my-model` is the exported folder, `encoder` the one of the untouched encoder.
"""

from tuning_curves.tasks.base import Task

CLASSES = {
    "question-answering": "AutoModelForQuestionAnswering",
    "text-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
}
ASK = {
    "question-answering": """\
question, context = "Who built it?", "The tower was built in 1843 by Mara Voss."
batch = tokenizer(question, context, return_tensors="pt")
with torch.inference_mode():
    out = model(**batch)
ends = (out.start_logits[0], out.end_logits[0])
scores = ends[0][:, None] + ends[1]  # of every start and end
inside = torch.tensor([part == 1 for part in batch.sequence_ids()])  # the context's tokens
high = [x >= x.topk(min({best}, len(x))).values[-1] for x in ends]
short = torch.ones_like(scores).triu().tril({longest} - 1).bool()
scores[~(inside[:, None] & inside & high[0][:, None] & high[1] & short)] = -torch.inf
start, end = divmod(int(scores.argmax()), len(scores))
print(context[batch.token_to_chars(start).start : batch.token_to_chars(end).end])
""",
    "text-classification": """\
texts = ["It broke on the second day.", "Light, quiet, and it still looks new."]
batch = tokenizer(texts, truncation=True, padding=True, return_tensors="pt")
with torch.inference_mode():
    {logits}
shares = logits.softmax(-1)
print([labels[int(number)] for number in shares.argmax(-1)])
""",
    "token-classification": """\
words = ["Mara", "Voss", "left", "Aldervik", "."]
batch = tokenizer(words, is_split_into_words=True, return_tensors="pt")
with torch.inference_mode():
    logits = model(**batch).logits[0]
firsts = [batch.word_ids().index(place) for place in range(len(words))]  # each word's first piece
print([labels[int(number)] for number in logits[firsts].argmax(-1)])
""",
}
WHOLE = "logits = model(**batch).logits"
AVERAGED = """\
states = model(**batch).last_hidden_state
    mask = batch["attention_mask"][..., None]
    mean = (states * mask).sum(1) / mask.sum(1)
    logits = mean @ head["weight"].T + head["bias"]"""


def snippet(form: str, task: Task, kind: str, *, norms: bool = False) -> str:
    """Python that loads a model of a format and predicts.

    Args:
        kind: the encoder's `model_type`.
        norms: whether LayerNorms lie beside an adapter.
    """
    load = {"transformers": _transformers, "peft": _peft}
    if form == "adapters":
        return _adapters(task, norms) + _ask(task, averaged=task.pooling == "mean")
    pooled = task.pooling != "tokens" and not (task.pooling == "pooler" and kind == "bert")
    labels = "" if task.name == "question-answering" else "labels = model.config.id2label\n"
    return load[form](CLASSES[task.name], pooled) + labels + "\n" + _ask(task)


def _ask(task: Task, averaged: bool = False) -> str:
    limits = {
        "{longest}": str(getattr(task, "max_answer_tokens", "")),
        "{best}": str(getattr(task, "n_best", "")),
    }
    text = ASK[task.name]
    for place, value in {**limits, "{logits}": AVERAGED if averaged else WHOLE}.items():
        text = text.replace(place, value)
    return text


def _transformers(name: str, pooled: bool) -> str:
    trust = ", trust_remote_code=True" if pooled else ""
    where = f'\n    "my-model"{trust}\n' if pooled else '"my-model"'  # lines of 100 at most
    return f"""\
import torch
from transformers import {name}, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("my-model"{trust})
model = {name}.from_pretrained({where}).eval()
"""


def _peft(name: str, pooled: bool) -> str:
    trust = ", trust_remote_code=True" if pooled else ""
    head = f"""\
import torch
from peft import PeftModel
from transformers import AutoConfig, {"AutoModel, " if pooled else ""}{name}, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("my-model"{trust})
"""
    if pooled:
        base = f"""\
config = AutoConfig.from_pretrained("my-model"{trust})
base = {name}.from_config(config{trust})
base.backbone = AutoModel.from_pretrained("encoder")
"""
    else:
        base = f"""\
config = AutoConfig.from_pretrained("my-model")
base = {name}.from_pretrained("encoder", config=config)
"""
    return head + base + 'model = PeftModel.from_pretrained(base, "my-model").eval()\n'


def _adapters(task: Task, norms: bool) -> str:
    averaged = task.pooling == "mean"
    lines = ["import torch", "from adapters import AutoAdapterModel"]
    lines += ["from safetensors.torch import load_file"] if norms or averaged else []
    lines += ["from transformers import AutoTokenizer", ""]
    lines += ['tokenizer = AutoTokenizer.from_pretrained("my-model")']
    lines += ['model = AutoAdapterModel.from_pretrained("encoder")']
    lines += ['model.load_adapter("my-model", use_safetensors=True, set_active=True)']
    if norms:
        lines += ['norms = load_file("my-model/layernorms.safetensors")']
        lines += ["model.load_state_dict(norms, strict=False)"]
    lines += ["model.eval()"]
    if averaged:
        lines += ['head = load_file("my-model/mean_head.safetensors")']
    if task.name != "question-answering":
        lines += [f"labels = {dict(enumerate(getattr(task, 'labels', ())))!r}"]
    return "\n".join([*lines, "", ""])
