"""Residual networks for small images: ResNet-8 as in MLPerf Tiny, ResNet-20. Shortcuts are 1 x 1 convolutions."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from lutdla.models.fits import check_map


class Block(nn.Module):
    """Two 3 x 3 convolutions and what goes around them: nothing, or a 1 x 1 convolution where the size changes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNet(nn.Module):
    """A stem, three stages of 16, 32 and 64 channels, global average pooling, a fully connected layer.

    Args:
        blocks: in each stage.
        inputs: channels of an image.
        classes: outputs.
    """

    def __init__(self, blocks: int, inputs: int = 3, classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(inputs, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        stages: list[nn.Module] = []
        channels = 16
        for outputs, stride in ((16, 1), (32, 2), (64, 2)):
            for i in range(blocks):
                stages.append(Block(channels, outputs, stride if i == 0 else 1))
                channels = outputs
        self.stages = nn.Sequential(*stages)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classify = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, classes)."""
        logits: Tensor = self.classify(self.pool(self.stages(self.stem(x))).flatten(1))
        return logits


def resnet8(shape: tuple[int, int, int] = (3, 32, 32), classes: int = 10) -> ResNet:
    """One block a stage."""
    return _resnet("resnet8", 1, shape, classes)


def resnet20(shape: tuple[int, int, int] = (3, 32, 32), classes: int = 10) -> ResNet:
    """Three blocks a stage."""
    return _resnet("resnet20", 3, shape, classes)


def _resnet(name: str, blocks: int, shape: tuple[int, int, int], classes: int) -> ResNet:
    check_map(name, shape, (4, 4), "halving twice")
    return ResNet(blocks, shape[0], classes)
