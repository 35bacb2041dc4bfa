"""The nets of the course: small enough to train while you watch, real enough to prune.

Each takes images (batch, 1, 28, 28) and returns scores (batch, 10). Seed before you build one
(``training.seed_everything``): the initial weights come from PyTorch's global generator.
"""

import torch.nn.functional as F
from torch import Tensor, nn


class LeNet300(nn.Module):
    """LeNet-300-100: 784-300-100-10, 266,610 parameters. Lesson 00.

    The multilayer perceptron of the classic pruning papers (LeCun et al. 1998; Han et al. 2015).
    """

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 300)
        self.fc2 = nn.Linear(300, 100)
        self.fc3 = nn.Linear(100, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)  # (batch, 1, 28, 28) -> (batch, 784)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


class ConvNet(nn.Module):
    """A plain chain of 3×3 conv, BatchNorm, ReLU and pooling blocks, then one linear layer.

    ``widths``: the number of filters of each block, one to four blocks, since each halves the
    picture: 28 → 14 → 7 → 3 → 1. Raises ``ValueError`` for other widths.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64)) -> None:
        super().__init__()
        if not 1 <= len(widths) <= 4 or min(widths) < 1:
            raise ValueError(f"widths={widths} is not one to four positive numbers of filters.")
        blocks = []
        for channels_in, channels_out in zip((1, *widths), widths, strict=False):
            blocks.append(conv_block(channels_in, channels_out))
        self.blocks = nn.Sequential(*blocks)
        side = 28 >> len(widths)
        self.classifier = nn.Linear(widths[-1] * side * side, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.blocks(x).flatten(1))


def conv_block(channels_in: int, channels_out: int) -> nn.Sequential:
    """3×3 conv, BatchNorm, ReLU, 2×2 max-pooling. BatchNorm shifts, so the conv has no bias."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )


class TinyResNet(nn.Module):
    """A stem and two residual blocks of ``width`` channels, for coupled channels in lesson 03.

    He et al. 2016. The stem's output is added to the first block's output, and that to the
    second's, so all three share their channels.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.stem = conv_block(1, width)
        self.block1 = ResidualBlock(width)
        self.pool = nn.MaxPool2d(2)
        self.block2 = ResidualBlock(width)
        self.classifier = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.block1(self.stem(x)))
        x = self.block2(x).mean(dim=(2, 3))  # (batch, width, 7, 7) -> (batch, width)
        return self.classifier(x)


class ResidualBlock(nn.Module):
    """x + conv(conv(x)), with BatchNorm after each conv."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(x + self.bn2(self.conv2(y)))
