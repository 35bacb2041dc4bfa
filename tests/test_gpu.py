"""On a GPU the library does what it does on the CPU. Skipped where there is none."""

import copy
import time

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from course_utils import (
    layers,
    masks,
    measure,
    models,
    patterns,
    pruning,
    scores,
    surgery,
    training,
)
from course_utils.schedules import geometric, iterate

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
NETS = (models.LeNet300, models.ConvNet, models.TinyResNet)


@pytest.fixture(autouse=True)
def exact_products():
    """TF32 keeps ten bits of each number; the CPU keeps 23."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32 = before


@pytest.fixture(params=NETS)
def twins(request) -> tuple[nn.Module, nn.Module]:
    """The same net on the CPU and on the GPU, in eval mode."""
    torch.manual_seed(0)
    net = request.param().eval()
    return net, copy.deepcopy(net).cuda()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(8, 1, 28, 28)


def same(cpu: torch.Tensor, gpu: torch.Tensor) -> None:
    assert gpu.device.type == "cuda"
    torch.testing.assert_close(gpu.cpu(), cpu, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "score",
    [
        scores.magnitude,
        scores.group_norm,
        scores.relative_norm,
        lambda weight: scores.taylor(weight, weight / 2),
        lambda weight: scores.activation_aware(weight, weight[:, :, :1, :1]),
        lambda weight: scores.random(weight, torch.Generator().manual_seed(0)),
        lambda weight: patterns.n_of_m(weight.flatten(1)),
        lambda weight: masks.magnitude_mask(weight, 0.3),
        lambda weight: masks.norm_mask(weight, 0.5),
        lambda weight: masks.random_mask(weight, 0.5, generator=torch.Generator().manual_seed(0)),
        lambda weight: masks.random_mask(
            weight, 0.5, exact=False, generator=torch.Generator().manual_seed(0)
        ),
        lambda weight: masks.global_masks({"one": weight}, 0.7)["one"],
        lambda weight: masks.mask_from_scores(torch.zeros_like(weight), 0.5),
        lambda weight: measure.to_csr(weight.flatten(1)).values(),
    ],
)
def test_scores_and_masks(score):
    weight = torch.randn(8, 4, 3, 3)
    same(score(weight), score(weight.cuda()))


@pytest.mark.parametrize("scope", ["global", "layer"])
@pytest.mark.parametrize("method", ["magnitude", "random"])
def test_a_pruned_net(twins, images, method, scope):
    for net in twins:
        drawn = torch.Generator().manual_seed(0)
        pruning.prune_model(net, 0.8, method, scope, generator=drawn)
    cpu, gpu = twins
    for name, mask in layers.masks_of(cpu).items():
        same(mask, layers.masks_of(gpu)[name])
    assert masks.sparsity(cpu) == masks.sparsity(gpu)
    assert measure.size_bytes(cpu, "csr") == measure.size_bytes(gpu, "csr")
    assert measure.count_parameters(cpu, nonzero=True) == measure.count_parameters(
        gpu, nonzero=True
    )
    assert pruning.report(cpu).equals(pruning.report(gpu))
    same(cpu(images), gpu(images.cuda()))
    same(layers.make_permanent(cpu)(images), layers.make_permanent(gpu)(images.cuda()))


def test_masks_of_the_cpu_on_a_net_on_the_gpu(images):
    """Masks are often loaded from a file; they go where the weight is, or are refused in words."""
    net = models.LeNet300().cuda()
    keep = {"fc1": torch.rand(300, 784) > 0.5}
    pruning.apply_masks(net, keep)
    same(keep["fc1"].float(), layers.masks_of(net)["fc1"].float())
    assert net(images.cuda()).device.type == "cuda"


def test_what_looks_at_digits(twins, few_digits, images):
    cpu, gpu = twins
    assert training.evaluate(gpu, few_digits.val) == pytest.approx(
        training.evaluate(cpu, few_digits.val), abs=0.005
    )
    gradients = scores.loss_gradients(gpu, few_digits.val)
    for name, gradient in scores.loss_gradients(cpu, few_digits.val).items():
        # A sum over all digits and places, which cuDNN adds up in an order and form of its own.
        error = (gradients[name].cpu() - gradient).norm() / gradient.norm()
        assert error < 1e-4, name
    for name, inputs in scores.layer_inputs(cpu, images).items():
        same(inputs, scores.layer_inputs(gpu, images)[name])
    assert measure.flops(cpu, images) == measure.flops(gpu, images)
    if any(isinstance(m, nn.BatchNorm2d) for m in cpu.modules()):
        for net in twins:
            training.recalibrate(net, few_digits.train)
        for (name, one), other in zip(cpu.named_buffers(), gpu.buffers(), strict=True):
            torch.testing.assert_close(other.cpu(), one, rtol=1e-3, atol=1e-4, msg=name)


def test_training_goes_to_the_gpu_and_learns(few_digits):
    net = models.LeNet300()
    training.train(net, few_digits, epochs=3, device="cuda", batch_size=16)
    assert layers.device_of(net).type == "cuda"
    assert training.evaluate(net, few_digits.test) > 0.8


@pytest.mark.parametrize("method", ["magnitude", "random"])
def test_rounds_of_pruning_and_more_of_them(few_digits, method):
    net = models.LeNet300().cuda()
    rounds = iterate(net, few_digits, geometric(0.9, 2), 1, method=method)
    rounds = iterate(net, few_digits, geometric(0.95, 2, start=0.9), 1, method=method)
    assert masks.sparsity(net) == pytest.approx(0.95, abs=1e-4)
    assert layers.device_of(net).type == "cuda"
    assert len(rounds.table()) == 2


@pytest.mark.parametrize("net", [models.LeNet300, models.ConvNet])
def test_filters_are_taken_out(net, images):
    cpu = net().eval()
    gpu = copy.deepcopy(cpu).cuda()
    for where in (cpu, gpu):
        for buffer in where.buffers():
            if buffer.dtype.is_floating_point:
                buffer.add_(0.1)
    names = surgery.filter_layers(cpu)
    keep = {name: torch.arange(len(layer.weight)) % 2 == 0 for name, layer in names.items()}
    small = surgery.remove_filters(cpu, keep)
    for vectors in (keep, {name: vector.cuda() for name, vector in keep.items()}):
        same(small(images), surgery.remove_filters(gpu, vectors)(images.cuda()))
    same(surgery.mask_filters(cpu, keep)(images), surgery.mask_filters(gpu, keep)(images.cuda()))


def test_filters_of_tied_channels_are_taken_out(images):
    gpu = models.TinyResNet().eval().cuda()
    assert surgery.why_not(gpu, images.cuda()) == surgery.why_not(gpu.cpu(), images)
    gpu.cuda()
    name, layer = next(iter(surgery.filter_layers(gpu, images.cuda()).items()))
    keep = {name: torch.arange(len(layer.weight)) % 2 == 0}
    small = surgery.remove_filters(gpu, keep, images.cuda())
    silent = surgery.mask_filters(gpu, keep, images.cuda())
    torch.testing.assert_close(small(images.cuda()), silent(images.cuda()), rtol=1e-4, atol=1e-5)


def test_an_example_of_the_cpu_for_a_net_on_the_gpu(images):
    gpu = models.TinyResNet().eval().cuda()
    name = next(iter(surgery.filter_layers(gpu, images)))
    keep = {name: torch.arange(len(layers.prunable(gpu)[name].weight)) % 2 == 0}
    assert surgery.remove_filters(gpu, keep, images)(images.cuda()).device.type == "cuda"


def test_a_mask_of_torch_is_read(images):
    gpu = models.LeNet300().cuda()
    prune.l1_unstructured(gpu.fc1, "weight", 0.5)
    assert masks.sparsity(gpu.fc1) == pytest.approx(0.5)


def test_a_time_counts_until_the_gpu_is_done():
    """A call returns before the GPU has begun. What was not waited for costs nothing, it seems."""
    a = torch.rand(8192, 8192, device="cuda")
    a @ a
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(10):
        a @ a
    torch.cuda.synchronize()
    whole = (time.perf_counter() - start) / 10
    measured = measure.latency(lambda: a @ a).median
    assert whole / 3 < measured < whole * 3
    ratio = measure.latency_ratio(lambda: (a @ a, a @ a, a @ a, a @ a), lambda: a @ a)
    assert 3 < ratio.median < 5


def test_a_threshold_over_many_weights_is_the_threshold_of_the_cpu():
    weight = torch.randn(1_000_003)
    weight[::7] = weight[0].clone()  # ties
    same(masks.magnitude_mask(weight, 0.9), masks.magnitude_mask(weight.cuda(), 0.9))
