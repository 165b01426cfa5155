"""MiniLM's structure, with small random weights: its own are 83 MB."""

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import Whitespace
from torch import nn
from torch.nn import functional as F

from lutdla.models.pretrained.minilm import KINDS, MiniLM, from_bert, tokenize

WIDTH, HEADS, HIDDEN = 16, 4, 32


def bert(layers):
    """A BERT encoder's state, with the names that transformers gives it."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=generator) * 0.3

    state = {
        "embeddings.word_embeddings.weight": draw(40, WIDTH), "embeddings.position_embeddings.weight": draw(9, WIDTH),
        "embeddings.token_type_embeddings.weight": draw(2, WIDTH),
        "embeddings.LayerNorm.weight": draw(WIDTH), "embeddings.LayerNorm.bias": draw(WIDTH),
    }  # fmt: skip
    shapes = {"attention.self.query": (WIDTH, WIDTH), "attention.self.key": (WIDTH, WIDTH),
              "attention.self.value": (WIDTH, WIDTH), "attention.output.dense": (WIDTH, WIDTH),
              "intermediate.dense": (HIDDEN, WIDTH), "output.dense": (WIDTH, HIDDEN)}  # fmt: skip
    for i in range(layers):
        for name, shape in shapes.items():
            state[f"encoder.layer.{i}.{name}.weight"] = draw(*shape)
            state[f"encoder.layer.{i}.{name}.bias"] = draw(shape[0])
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            for kind in ("weight", "bias"):
                state[f"encoder.layer.{i}.{name}.{kind}"] = draw(WIDTH)
    return state


def torch_layer(state, i):
    """The same block as torch's own encoder layer."""
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, dropout=0.0, activation="gelu", layer_norm_eps=1e-12,
                                       batch_first=True)  # fmt: skip
    own = {name.removeprefix(f"encoder.layer.{i}."): value for name, value in state.items()}
    names = {"out_proj": "attention.output.dense", "linear1": "intermediate.dense", "linear2": "output.dense",
             "norm1": "attention.output.LayerNorm", "norm2": "output.LayerNorm"}
    found = {}
    for kind in ("weight", "bias"):
        found[f"self_attn.in_proj_{kind}"] = torch.cat([own[f"attention.self.{part}.{kind}"]
                                                        for part in ("query", "key", "value")])
        for name, source in names.items():
            found[f"{'self_attn.' if name == 'out_proj' else ''}{name}.{kind}"] = own[f"{source}.{kind}"]
    layer.load_state_dict(found)
    return layer.train()  # without its fast path, which needs no gradient


def test_it_is_a_bert_encoder_with_mean_pooling():
    state = bert(2)
    model = MiniLM(40, WIDTH, 2, HEADS, HIDDEN, 9)
    model.load_state_dict(from_bert(state, 2))
    ids = torch.randint(0, 40, (5, 7), generator=torch.Generator().manual_seed(1))
    mask = (torch.arange(7) < torch.tensor([7, 1, 3, 5, 6])[:, None]).long()
    x = F.embedding(ids, state["embeddings.word_embeddings.weight"])
    x = x + state["embeddings.position_embeddings.weight"][:7] + state["embeddings.token_type_embeddings.weight"][0]
    x = F.layer_norm(x, (WIDTH,), state["embeddings.LayerNorm.weight"], state["embeddings.LayerNorm.bias"], 1e-12)
    for i in range(2):
        x = torch_layer(state, i)(x, src_key_padding_mask=mask == 0)
    want = torch.stack([F.normalize(row[:count].mean(0), dim=0) for row, count in zip(x, mask.sum(1))])
    torch.testing.assert_close(model(ids, mask), want, rtol=1e-4, atol=1e-5)


def test_padding_changes_nothing():
    model = MiniLM(40, WIDTH, 1, HEADS, HIDDEN, 9).eval()
    ids = torch.tensor([[3, 4, 5]])
    short = model(ids, torch.ones(1, 3))
    long = model(F.pad(ids, (0, 4), value=9), F.pad(torch.ones(1, 3), (0, 4)))
    torch.testing.assert_close(short, long, rtol=1e-5, atol=1e-6)


def test_parts_are_its_layers_by_kind():
    model = MiniLM(40, WIDTH, 2, HEADS, HIDDEN, 9)
    assert model.parts("up", "out") == ("layers.0.feed_forward.up", "layers.0.out", "layers.1.feed_forward.up",
                                        "layers.1.out")
    linear = {name for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    assert set(model.parts("qkv", "out", "up", "down")) == linear
    assert all(any(name.startswith(part) for part in model.parts()) for name in linear)
    assert {model.get_submodule(f"layers.1.{name}") for name in KINDS.values()} < set(model.modules())


def test_texts_become_ids_and_a_mask():
    tokenizer = Tokenizer(WordPiece({"[PAD]": 0, "[UNK]": 1, "look": 2, "##up": 3}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.enable_padding(length=4)
    tokenizer.enable_truncation(4)
    ids, mask = tokenize(tokenizer, ["lookup look", "x look lookup lookup"])
    assert ids.tolist() == [[2, 3, 2, 0], [1, 2, 2, 3]]
    assert mask.tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    assert ids.dtype == mask.dtype == torch.int64


@pytest.mark.parametrize("name", ["Magika", "SileroVAD", "MiniLM", "load_minilm"])
def test_names_are_found_in_the_package(name):
    from lutdla.models import pretrained

    assert getattr(pretrained, name).__name__ == name
    assert name in dir(pretrained)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = pretrained.Nothing
