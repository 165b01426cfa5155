"""Silero VAD (Silero Team, MIT) for 16 kHz: is there speech in each 32 ms of a recording?

    576 samples -> short-time Fourier transform -> magnitudes (129, 4)
          -> Conv1d 129 -> 128 -> 64 -> 64 -> 128, 3 wide, ReLU -> LSTM over the chunks -> Linear -> sigmoid
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lutdla.errors import InputError
from lutdla.models.pretrained.onnx_weights import read_initializers
from lutdla.models.pretrained.wheels import WeightWheel

WHEEL = WeightWheel("silero-vad", "6.2.3", "silero_vad-6.2.3-py3-none-any.whl",
                    "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8", "MIT")
WEIGHTS = "silero_vad/data/silero_vad_16k_op15.onnx"
"""The newest weights, those of its TorchScript model. The package's safetensors file holds older ones."""

RATE = 16000
"""Samples in a second."""

CHUNK, CONTEXT = 512, 64
"""Samples that a decision is about, and those before them that it also sees."""

WINDOW, HOP = 256, 128
"""Samples of a Fourier transform, and from one to the next."""

PARTS = ("encoder",)
"""The convolutions, as one part."""


class SileroVAD(nn.Module):
    """The network. Its recurrent state begins at 0: a recording is one sequence of chunks."""

    def __init__(self) -> None:
        super().__init__()
        self.bins = WINDOW // 2 + 1
        self.transform = nn.Linear(WINDOW, 2 * self.bins, bias=False)  # cosines and sines, window included
        self.transform.requires_grad_(False)  # fixed; and a magnitude of 0 has no gradient
        self.encoder = nn.Sequential(
            nn.Conv1d(self.bins, 128, 3, padding=1), nn.ReLU(), nn.Conv1d(128, 64, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv1d(64, 64, 3, stride=2, padding=1), nn.ReLU(), nn.Conv1d(64, 128, 3, padding=1), nn.Flatten(),
        )  # fmt: skip
        self.lstm = nn.LSTM(128, 128, batch_first=True)
        self.decoder = nn.Linear(128, 1)

    def forward(self, audio: Tensor) -> Tensor:
        """Probability of speech (B, chunks) of recordings (B, chunks, 576), as `chunks` cuts them."""
        x = F.pad(audio, (0, CONTEXT), mode="reflect")
        x = self.transform(x.unfold(2, WINDOW, HOP))  # (B, chunks, 4, 2 * bins)
        x = (x[..., : self.bins].square() + x[..., self.bins :].square()).sqrt()
        x = self.encoder(x.transpose(2, 3).flatten(0, 1))  # (B * chunks, 128)
        x, _ = self.lstm(x.relu().unflatten(0, (-1, audio.shape[1])))
        return self.decoder(x.relu()).squeeze(-1).sigmoid()


def chunks(samples: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """A recording cut for the network: (samples,) at 16 kHz, -1..1 -> (chunks, 576); the last chunk is filled with 0.

    Raises:
        InputError: no samples, or not one row of them.
    """
    wave = np.asarray(samples, np.float32)
    if wave.ndim != 1 or not len(wave):
        raise InputError(f"samples have shape {wave.shape}: give one recording (samples,)")
    wave = np.pad(wave, (CONTEXT, -len(wave) % CHUNK))
    return np.lib.stride_tricks.sliding_window_view(wave, CHUNK + CONTEXT)[::CHUNK].copy()


def load_silero_vad() -> SileroVAD:
    """The network of silero-vad 6.2.3 for 16 kHz in eval mode.

    Raises:
        DatasetError: the wheel cannot be had.
    """
    tensors, model = read_initializers(WHEEL.read(WEIGHTS)), SileroVAD()
    names = {"decoder.weight": "decoder.decoder.2.weight", "decoder.bias": "decoder.decoder.2.bias"}
    for number, place in enumerate((0, 2, 4, 6)):
        for kind in ("weight", "bias"):
            names[f"encoder.{place}.{kind}"] = f"encoder.{number}.reparam_conv.{kind}"
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        names[f"lstm.{name}_l0"] = f"decoder.rnn.{name}"
    state = {name: torch.tensor(tensors[f"model.{source}"]) for name, source in names.items()}
    state["decoder.weight"] = state["decoder.weight"][..., 0]
    state["transform.weight"] = torch.tensor(tensors["model.stft.forward_basis_buffer"][:, 0])
    model.load_state_dict(state)
    return model.eval()
