"""The nets of the course: their sizes, and what they return."""

import pytest
import torch
from torch import nn

from course_utils.models import ConvNet, LeNet300, TinyResNet
from course_utils.training import seed_everything

MODELS = (LeNet300, ConvNet, TinyResNet)


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


class TestAll:
    @pytest.mark.parametrize("build", MODELS)
    @pytest.mark.parametrize("batch", [1, 5])
    def test_ten_scores_a_picture(self, build, batch):
        scores = build().eval()(torch.rand(batch, 1, 28, 28))
        assert scores.shape == (batch, 10)
        assert scores.isfinite().all()

    @pytest.mark.parametrize("build", MODELS)
    def test_a_picture_is_judged_on_its_own(self, build):
        model, x = build().eval(), torch.rand(4, 1, 28, 28)
        assert torch.allclose(model(x)[2:3], model(x[2:3]), atol=1e-5)

    @pytest.mark.parametrize("build", MODELS)
    def test_every_parameter_learns(self, build):
        model = build()
        model(torch.rand(8, 1, 28, 28)).square().sum().backward()
        assert [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []

    @pytest.mark.parametrize("build", MODELS)
    def test_the_seed_decides_the_first_weights(self, build):
        built = []
        for seed in (1, 1, 2):
            seed_everything(seed)
            built.append(next(build().parameters()))
        assert torch.equal(built[0], built[1])
        assert not torch.equal(built[0], built[2])


class TestLeNet300:
    def test_has_266_610_parameters(self):
        by_hand = (784 * 300 + 300) + (300 * 100 + 100) + (100 * 10 + 10)
        assert parameters(LeNet300()) == by_hand == 266_610


class TestConvNet:
    def test_default_widths(self):
        model = ConvNet()
        assert [block[0].out_channels for block in model.blocks] == [16, 32, 64]
        convolutions = 9 * (1 * 16 + 16 * 32 + 32 * 64)
        batch_norms = 2 * (16 + 32 + 64)
        linear = 64 * 3 * 3 * 10 + 10
        assert parameters(model) == convolutions + batch_norms + linear

    @pytest.mark.parametrize("widths", [(1,), (4, 4), (3, 5, 2), [8, 8, 8, 8]])
    def test_other_widths(self, widths):
        model = ConvNet(widths)
        assert [block[0].out_channels for block in model.blocks] == list(widths)
        assert model(torch.rand(2, 1, 28, 28)).shape == (2, 10)

    @pytest.mark.parametrize("widths", [(), (4, 4, 4, 4, 4), (0,), (8, -1)])
    def test_refuses_other_numbers_of_blocks_and_filters(self, widths):
        with pytest.raises(ValueError, match=r"widths=\(.*is not one to four positive numbers"):
            ConvNet(widths)

    @pytest.mark.parametrize(("blocks", "side"), [(1, 14), (2, 7), (3, 3), (4, 1)])
    def test_each_block_halves_the_picture(self, blocks, side):
        model = ConvNet((2,) * blocks)
        assert model.blocks(torch.rand(1, 1, 28, 28)).shape == (1, 2, side, side)
        assert model.classifier.in_features == 2 * side * side

    def test_only_batch_norm_shifts(self):
        assert all(block[0].bias is None for block in ConvNet().blocks)

    def test_a_filter_of_zeros_leaves_only_the_shift_of_batch_norm(self):
        model = ConvNet((4,)).eval()
        with torch.no_grad():
            model.blocks[0][0].weight[2] = 0
        features = model.blocks(torch.rand(3, 1, 28, 28))
        assert features[:, 2].unique().numel() == 1


class TestTinyResNet:
    def test_default_width(self):
        model = TinyResNet()
        stem, block = 9 * 16 + 2 * 16, 2 * (9 * 16 * 16 + 2 * 16)
        assert parameters(model) == stem + 2 * block + 16 * 10 + 10

    def test_pooling_halves_what_the_stem_has_halved(self):
        model = TinyResNet(2).eval()
        seen = []
        model.block2.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape))
        model(torch.rand(1, 1, 28, 28))
        assert seen == [(1, 2, 7, 7)]

    def test_a_block_adds_what_its_two_convolutions_make(self):
        block = TinyResNet(3).eval().block1
        x = torch.randn(2, 3, 5, 5)
        inner = block.bn2(block.conv2(torch.relu(block.bn1(block.conv1(x)))))
        assert torch.equal(block(x), torch.relu(x + inner))

    @pytest.mark.parametrize("width", [1, 4, 16])
    def test_any_width(self, width):
        assert TinyResNet(width)(torch.rand(2, 1, 28, 28)).shape == (2, 10)

    def test_what_is_added_shares_its_channels(self):
        """A block that adds nothing hands the channels of the stem on, each to its own place."""
        model = TinyResNet(4).eval()
        with torch.no_grad():
            for block in (model.block1, model.block2):
                block.bn2.weight.zero_()
        x = torch.rand(2, 1, 28, 28)
        stem = model.stem(x)
        assert torch.equal(model.block1(stem), stem)
        expected = model.classifier(model.pool(stem).mean(dim=(2, 3)))
        assert torch.allclose(model(x), expected, atol=1e-6)

    def test_a_channel_taken_from_one_of_them_fits_no_longer(self):
        model = TinyResNet(4)
        model.block1.conv2 = nn.Conv2d(4, 3, 3, padding=1, bias=False)
        model.block1.bn2 = nn.BatchNorm2d(3)
        with pytest.raises(RuntimeError, match=r"size of tensor"):
            model(torch.rand(2, 1, 28, 28))
