"""Masks, as lessons 01 and 02 define them, and equal to ``torch.nn.utils.prune`` without ties."""

import math
import time

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import prune

from course_utils import masks
from course_utils.masks import (
    amount_per_round,
    compound,
    global_masks,
    magnitude_mask,
    mask_from_scores,
    norm_mask,
    random_mask,
    sparsity,
)
from course_utils.pruning import make_permanent, prune_model

# Derandomised, so that a run on CI can be repeated; no folder with examples is left behind.
properties = settings(deadline=None, derandomize=True, max_examples=60, database=None)

sizes = st.integers(1, 7)
matrices = st.tuples(sizes, sizes)
filters = st.tuples(sizes, st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
shapes = st.one_of(st.tuples(st.integers(1, 60)), matrices, filters)
fractions = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]))
seeds = st.integers(0, 2**31 - 1)
FLOATS = (torch.float32, torch.float64, torch.bfloat16, torch.float16)


def without_ties(shape: tuple[int, ...], seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """The whole numbers 1, 2, … n in random order with random signs: no two of equal size."""
    generator = torch.Generator().manual_seed(seed)
    n = math.prod(shape)
    signs = torch.randint(0, 2, (n,), generator=generator) * 2 - 1
    return ((torch.randperm(n, generator=generator) + 1) * signs).to(dtype).reshape(shape)


def with_ties(shape: tuple[int, ...], seed: int) -> Tensor:
    """Numbers from −2 to 2, so that nearly every one has equals."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-2, 3, shape, generator=generator).float()


def by_sorting(scores: Tensor, pruned: int) -> Tensor:
    """The definition: line all up by score, equal ones by position; the first ``pruned`` go."""
    values = scores.flatten().tolist()
    order = sorted(range(len(values)), key=lambda position: (values[position], position))
    mask = torch.ones(len(values), dtype=torch.bool)
    mask[order[:pruned]] = False
    return mask.reshape(scores.shape)


def by_torch(method, weight: Tensor, **arguments) -> Tensor:
    """The mask that a function of ``torch.nn.utils.prune`` puts on ``weight``."""
    layer = nn.Module()
    layer.weight = nn.Parameter(weight.clone())
    method(layer, "weight", **arguments)
    return layer.weight_mask.bool()


def pruned(mask: Tensor) -> int:
    return int((~mask).sum())


def assert_is_mask_of(mask: Tensor, weight: Tensor) -> None:
    assert mask.dtype == torch.bool
    assert mask.shape == weight.shape


class TestByHand:
    """A 3×4 weight and a pencil."""

    weight = torch.tensor([[9.0, -1, 3, -12], [2, -8, 7, 4], [-5, 6, -10, 11]])

    def test_the_smallest_magnitudes_go(self):
        expected = torch.tensor([[1, 0, 0, 1], [0, 1, 1, 0], [1, 1, 1, 1]]).bool()
        assert torch.equal(magnitude_mask(self.weight, 4 / 12), expected)

    def test_a_row_goes_whole(self):  # L1 norms of the rows: 25, 21, 32
        mask = norm_mask(self.weight, 1 / 3, n=1)
        assert mask.tolist() == [[True] * 4, [False] * 4, [True] * 4]

    def test_a_column_goes_whole(self):  # L1 norms of the columns: 16, 15, 20, 27
        mask = norm_mask(self.weight, 0.25, n=1, dim=1)
        assert mask.tolist() == [[True, False, True, True]] * 3

    def test_one_threshold_over_two_tensors_takes_more_from_the_one_with_small_scores(self):
        scores = {"small": torch.tensor([1.0, 2, 3]), "large": torch.tensor([[4.0, 5, 6]])}
        found = global_masks(scores, 0.5)
        assert found["small"].tolist() == [False, False, False]
        assert found["large"].tolist() == [[True, True, True]]

    def test_python_rounds_a_half_to_the_even_number_and_so_does_the_count(self):
        assert [pruned(mask_from_scores(torch.rand(n), 0.5)) for n in (1, 3, 5, 7)] == [0, 2, 2, 4]


class TestEqualToTorch:
    """Wherever nothing ties, the same weights go as in ``torch.nn.utils.prune``."""

    @properties
    @given(shapes, fractions, seeds, st.sampled_from(FLOATS))
    def test_magnitude(self, shape, fraction, seed, dtype):
        weight = without_ties(shape, seed, dtype)
        assume(weight.abs().unique().numel() == weight.numel())  # bfloat16 rounds from 257 on
        expected = by_torch(prune.l1_unstructured, weight, amount=fraction)
        assert torch.equal(magnitude_mask(weight, fraction), expected)

    @properties
    @given(shapes, fractions, seeds, st.sampled_from([torch.float32, torch.float64]))
    def test_random_with_the_same_seed(self, shape, fraction, seed, dtype):
        weight = torch.ones(shape, dtype=dtype)
        torch.manual_seed(seed)
        expected = by_torch(prune.random_unstructured, weight, amount=fraction)
        torch.manual_seed(seed)
        assert torch.equal(random_mask(weight, fraction), expected)

    @properties
    @given(
        st.one_of(matrices, filters),
        fractions,
        seeds,
        st.sampled_from([1, 2, math.inf]),
        st.integers(-4, 3),
    )
    def test_norm_of_each_dimension(self, shape, fraction, seed, n, dim):
        assume(-len(shape) <= dim < len(shape))
        generator = torch.Generator().manual_seed(seed)
        weight = torch.randn(shape, dtype=torch.float64, generator=generator)
        expected = by_torch(prune.ln_structured, weight, amount=fraction, n=n, dim=dim)
        assert torch.equal(norm_mask(weight, fraction, n, dim), expected)

    @properties
    @given(st.lists(shapes, min_size=1, max_size=4), fractions, seeds)
    def test_global(self, several, fraction, seed):
        flat = without_ties((sum(map(math.prod, several)),), seed)
        pieces = flat.split([math.prod(shape) for shape in several])
        layers = []
        for piece, shape in zip(pieces, several, strict=True):
            layer = nn.Module()
            layer.weight = nn.Parameter(piece.reshape(shape).clone())
            layers.append(layer)
        scores = {str(i): layer.weight.detach().abs() for i, layer in enumerate(layers)}
        found = global_masks(scores, fraction)
        prune.global_unstructured(
            [(layer, "weight") for layer in layers], prune.L1Unstructured, amount=fraction
        )
        for mask, layer in zip(found.values(), layers, strict=True):
            assert torch.equal(mask, layer.weight_mask.bool())


class TestCount:
    """Exactly ``round(sparsity · n)``, with ties and without, for every shape and seed."""

    @properties
    @given(shapes, fractions, seeds)
    def test_weights(self, shape, fraction, seed):
        expected = round(fraction * math.prod(shape))
        for weight in (without_ties(shape, seed), with_ties(shape, seed)):
            for mask in (magnitude_mask(weight, fraction), random_mask(weight, fraction)):
                assert_is_mask_of(mask, weight)
                assert pruned(mask) == expected

    @properties
    @given(shapes, fractions, seeds, st.sampled_from([1, 2, math.inf]), st.integers(0, 3))
    def test_whole_slices(self, shape, fraction, seed, n, dim):
        assume(dim < len(shape))
        weight = with_ties(shape, seed)
        mask = norm_mask(weight, fraction, n, dim)
        assert_is_mask_of(mask, weight)
        slices = mask.movedim(dim, 0).reshape(shape[dim], -1)
        assert torch.equal(slices.any(1), slices.all(1))
        assert pruned(slices.all(1)) == round(fraction * shape[dim])

    @properties
    @given(st.lists(shapes, min_size=1, max_size=4), fractions, seeds)
    def test_of_all_tensors_together(self, several, fraction, seed):
        scores = {str(i): with_ties(shape, seed + i) for i, shape in enumerate(several)}
        found = global_masks(scores, fraction)
        assert list(found) == list(scores)
        for name, mask in found.items():
            assert_is_mask_of(mask, scores[name])
        total = sum(map(math.prod, several))
        assert sum(map(pruned, found.values())) == round(fraction * total)

    @pytest.mark.parametrize("shape", [(1,), (6,), (1, 1), (3, 4), (2, 3, 3, 3)])
    def test_sparsity_0_keeps_all_and_1_prunes_all(self, shape):
        weight = torch.randn(shape)
        generator = torch.Generator().manual_seed(0)
        for method in (magnitude_mask, random_mask, norm_mask):
            assert method(weight, 0).all()
            assert method(weight, 0.0).all()
            assert not method(weight, 1).any()
            assert not method(weight, 1.0).any()
        assert random_mask(weight, 0, exact=False, generator=generator).all()
        assert not random_mask(weight, 1, exact=False, generator=generator).any()

    @pytest.mark.parametrize(("fraction", "kept"), [(0.4, True), (0.5, True), (0.51, False)])
    def test_one_element_goes_or_stays_as_round_says(self, fraction, kept):
        assert magnitude_mask(torch.tensor([3.0]), fraction).tolist() == [kept]


class TestTies:
    """Among equal scores the one that stands first goes first."""

    @properties
    @given(shapes, fractions, seeds)
    def test_as_by_sorting(self, shape, fraction, seed):
        weight = with_ties(shape, seed)
        expected = by_sorting(weight.abs(), round(fraction * weight.numel()))
        assert torch.equal(magnitude_mask(weight, fraction), expected)

    @pytest.mark.parametrize("value", [0.0, -0.0, 1.0, -7.5, math.inf, -math.inf])
    def test_all_equal(self, value):
        weight = torch.full((2, 3), value)
        first_half = [[False, False, False], [True, True, True]]
        assert magnitude_mask(weight, 0.5).tolist() == first_half
        assert norm_mask(weight, 0.5).tolist() == first_half

    def test_infinities_are_the_last_and_the_first_scores(self):
        scores = torch.tensor([math.inf, -math.inf, 0.0, math.inf, -math.inf])
        expected = [True, False, True, True, False]
        assert mask_from_scores(scores, 0.4).tolist() == expected
        assert mask_from_scores(scores, 0.8).tolist() == [False, False, False, True, False]

    def test_the_earlier_tensor_goes_first(self):
        equal = {"b": torch.ones(2), "a": torch.ones(3)}
        found = global_masks(equal, 0.6)
        assert found["b"].tolist() == [False, False]
        assert found["a"].tolist() == [False, True, True]

    def test_slices_of_equal_norm(self):
        mask = norm_mask(torch.ones(4, 2, 3, 3), 0.5)
        assert mask[:, 0, 0, 0].tolist() == [False, False, True, True]


# Every number that is hard to order, and so few of them that nearly all have equals.
AWKWARD = (0.0, -0.0, math.inf, -math.inf, 1.0, -1.0, 1e-42, 3.0)
LAYOUTS = (lambda w: w, lambda w: w.transpose(0, -1) if w.dim() else w, lambda w: strided(w))


@st.composite
def scores_and_keep(draw) -> tuple[Tensor, Tensor]:
    """Scores of any shape (0-dim, too), width and layout, and an earlier mask for them."""
    shape = draw(st.lists(st.integers(1, 5), max_size=4))
    n = math.prod(shape)
    values = draw(st.lists(st.sampled_from(AWKWARD), min_size=n, max_size=n))
    kept = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    dtype, layout = draw(st.sampled_from(FLOATS)), draw(st.sampled_from(LAYOUTS))
    scores = layout(torch.tensor(values, dtype=dtype).reshape(shape))
    return scores, torch.tensor(kept).reshape(scores.shape)


class TestEqualToTheDefinition:
    """Of what is not yet pruned, lined up by score and then by position, the first go."""

    @properties
    @given(st.lists(scores_and_keep(), min_size=1, max_size=3), fractions, st.booleans())
    def test_of_any_numbers_in_any_tensors(self, several, fraction, earlier):
        found = {str(i): scores for i, (scores, _) in enumerate(several)}
        keep = {str(i): kept for i, (_, kept) in enumerate(several)} if earlier else None
        order = [
            (value, name, position)
            for name, scores in found.items()
            for position, value in enumerate(scores.double().flatten().tolist())
        ]
        gone = [] if keep is None else [
            each for each in order if not keep[each[1]].flatten()[each[2]]
        ]  # fmt: skip
        alive = sorted(each for each in order if each not in gone)
        count = max(0, round(fraction * len(order)) - len(gone))
        expected = {name: torch.ones(scores.numel()).bool() for name, scores in found.items()}
        for _, name, position in gone + alive[:count]:
            expected[name][position] = False
        masks_found = global_masks(found, fraction, keep)
        for name, scores in found.items():
            assert_is_mask_of(masks_found[name], scores)
            assert masks_found[name].equal(expected[name].reshape(scores.shape))
        if len(found) == 1:
            alone = mask_from_scores(found["0"], fraction, keep and keep["0"])
            assert alone.equal(masks_found["0"])

    def test_each_piece_is_a_tensor_of_its_own(self):
        for keep in (None, {"big": torch.ones(1000).bool(), "small": torch.ones(3).bool()}):
            for fraction in (0, 0.5, 1):
                found = global_masks(
                    {"big": torch.rand(1000), "small": torch.rand(3)}, fraction, keep
                )
                assert found["small"].untyped_storage().nbytes() == 3


class TestKeep:
    """What an earlier mask pruned stays pruned, and counts."""

    @properties
    @given(shapes, fractions, fractions, seeds)
    def test_never_returns_and_counts(self, shape, earlier, later, seed):
        weight = with_ties(shape, seed)
        generator = torch.Generator().manual_seed(seed)
        keep = random_mask(weight, earlier, generator=generator)
        expected = max(pruned(keep), round(later * weight.numel()))
        for mask in (
            magnitude_mask(weight, later, keep),
            random_mask(weight, later, generator=generator, keep=keep),
            global_masks({"all": weight.abs()}, later, {"all": keep})["all"],
        ):
            assert not (mask & ~keep).any()
            assert pruned(mask) == expected

    @properties
    @given(shapes, fractions, fractions, seeds)
    def test_in_two_steps_as_in_one(self, shape, first, second, seed):
        """A score does not change when others are pruned, so the way there does not matter."""
        low, high = sorted((first, second))
        weight = with_ties(shape, seed)
        in_two = magnitude_mask(weight, high, magnitude_mask(weight, low))
        assert torch.equal(in_two, magnitude_mask(weight, high))

    @properties
    @given(st.lists(shapes, min_size=1, max_size=3), fractions, fractions, seeds)
    def test_of_all_tensors_together(self, several, earlier, later, seed):
        scores = {str(i): with_ties(shape, seed + i).abs() for i, shape in enumerate(several)}
        keep = global_masks(scores, earlier)
        found = global_masks(scores, later, keep)
        total = sum(map(math.prod, several))
        assert sum(map(pruned, found.values())) == round(max(earlier, later) * total)
        for name, mask in found.items():
            assert not (mask & ~keep[name]).any()

    @properties
    @given(st.one_of(matrices, filters), fractions, fractions, seeds, st.integers(0, 3))
    def test_whole_slices(self, shape, earlier, later, seed, dim):
        assume(dim < len(shape))
        weight = with_ties(shape, seed)
        keep = norm_mask(weight, earlier, dim=dim)
        mask = norm_mask(weight, later, dim=dim, keep=keep)
        assert not (mask & ~keep).any()
        slices = mask.movedim(dim, 0).reshape(shape[dim], -1)
        assert pruned(slices.all(1)) == round(max(earlier, later) * shape[dim])

    def test_a_slice_pruned_in_part_is_ranked_by_what_is_left_of_it(self):
        weight = torch.tensor([[9.0, 1], [3, 3], [8, 8]])
        keep = torch.tensor([[False, True], [True, True], [True, True]])
        mask = norm_mask(weight, 1 / 3, keep=keep)
        assert mask.tolist() == [[False, False], [True, True], [True, True]]

    def test_an_infinite_weight_that_was_pruned_leaves_a_norm_that_is_a_number(self):
        weight = torch.tensor([[math.inf, 1], [3, 3]])
        keep = torch.tensor([[False, True], [True, True]])
        mask = norm_mask(weight, 0.5, keep=keep)
        assert mask.tolist() == [[False, False], [True, True]]

    def test_each_on_its_own_keeps_what_was_pruned(self):
        keep = torch.tensor([True, False] * 50)
        generator = torch.Generator().manual_seed(1)
        mask = random_mask(torch.ones(100), 0.5, exact=False, generator=generator, keep=keep)
        assert not (mask & ~keep).any()
        assert 0 < int(mask.sum()) < 50

    def test_the_earlier_mask_is_copied(self):
        keep = torch.tensor([True, False, True])
        for mask in (
            mask_from_scores(torch.rand(3), 0, keep),
            global_masks({"all": torch.rand(3)}, 0, {"all": keep})["all"],
            norm_mask(torch.rand(3), 0, keep=keep),
            random_mask(torch.rand(3), 0, exact=False, keep=keep),
        ):
            assert torch.equal(mask, keep)
            mask.fill_(True)
            assert keep.tolist() == [True, False, True]


def transposed(weight: Tensor) -> Tensor:
    return weight.transpose(0, -1).contiguous().transpose(0, -1)


def strided(weight: Tensor) -> Tensor:
    return torch.stack([weight, torch.zeros_like(weight)], dim=-1)[..., 0]


def channels_last(weight: Tensor) -> Tensor:
    return weight.contiguous(memory_format=torch.channels_last)


class TestLayout:
    """Only the numbers count, not how they lie in memory."""

    @pytest.mark.parametrize(
        ("shape", "layout"),
        [
            ((5, 7), transposed),
            ((5, 7), strided),
            ((6,), strided),
            ((4, 3, 3, 3), transposed),
            ((4, 3, 3, 3), strided),
            ((4, 3, 3, 3), channels_last),
        ],
    )
    def test_not_contiguous(self, shape, layout):
        weight = with_ties(shape, seed=1)
        laid_out = layout(weight)
        assert torch.equal(weight, laid_out)
        assert weight.stride() != laid_out.stride()
        keep = magnitude_mask(weight, 0.2)
        for mask, expected in (
            (magnitude_mask(laid_out, 0.5), magnitude_mask(weight, 0.5)),
            (magnitude_mask(weight, 0.5, layout(keep)), magnitude_mask(weight, 0.5, keep)),
            (norm_mask(laid_out, 0.5), norm_mask(weight, 0.5)),
            (norm_mask(laid_out, 0.5, keep=layout(keep)), norm_mask(weight, 0.5, keep=keep)),
            (
                global_masks({"w": laid_out}, 0.5, {"w": layout(keep)})["w"],
                global_masks({"w": weight}, 0.5, {"w": keep})["w"],
            ),
        ):
            assert torch.equal(mask, expected)
            assert mask.is_contiguous()

    @pytest.mark.parametrize("dtype", FLOATS)
    def test_every_width_of_floating_point(self, dtype):
        weight = without_ties((6, 5), seed=2, dtype=dtype)
        expected = by_sorting(weight.abs(), 12)
        assert torch.equal(magnitude_mask(weight, 0.4), expected)
        assert pruned(random_mask(weight, 0.4)) == 12
        for n in (1, 2, 3, math.inf):
            assert pruned(norm_mask(weight, 0.5, n)) == 15
        assert torch.equal(global_masks({"w": weight.abs()}, 0.4)["w"], expected)

    def test_tensors_of_different_width_share_one_threshold(self):
        half, double = torch.tensor([1.0, 4.0]).half(), torch.tensor([2.0, 3.0]).double()
        scores = {"half": half, "double": double}
        found = global_masks(scores, 0.5)
        assert found["half"].tolist() == [False, True]
        assert found["double"].tolist() == [False, True]

    @pytest.mark.parametrize("exact", [True, False])
    def test_16_bit_random_masks_are_not_decided_by_position(self, exact):
        mask = random_mask(torch.ones(20_000, dtype=torch.bfloat16), 0.5, exact=exact)
        assert 0.47 < sparsity(mask[:10_000]) < 0.53

    def test_inputs_are_not_modified_and_gradients_not_recorded(self):
        weight = with_ties((4, 6), seed=3).requires_grad_()
        keep = magnitude_mask(weight, 0.25)
        weight_before, keep_before = weight.detach().clone(), keep.clone()
        found = [
            magnitude_mask(weight, 0.5, keep),
            random_mask(weight, 0.5, keep=keep),
            random_mask(weight, 0.5, exact=False, keep=keep),
            norm_mask(weight, 0.5, keep=keep),
            global_masks({"w": weight}, 0.5, {"w": keep})["w"],
            mask_from_scores(weight, 0.5, keep),
        ]
        assert torch.equal(weight, weight_before)
        assert torch.equal(keep, keep_before)
        assert weight.requires_grad
        assert not any(mask.requires_grad for mask in found)


class TestRandom:
    def test_a_generator_decides_and_the_global_one_is_not_touched(self):
        weight = torch.ones(10, 10)
        state = torch.get_rng_state()
        one, same, other = (
            random_mask(weight, 0.5, generator=torch.Generator().manual_seed(s)) for s in (1, 1, 2)
        )
        assert torch.equal(one, same)
        assert not torch.equal(one, other)
        assert torch.equal(state, torch.get_rng_state())

    def test_does_not_look_at_the_weight(self):
        small_first = torch.arange(1.0, 101)
        generator = torch.Generator()
        masks_drawn = [
            random_mask(weight, 0.3, generator=generator.manual_seed(5))
            for weight in (small_first, small_first.flip(0))
        ]
        assert torch.equal(*masks_drawn)

    @pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
    def test_each_on_its_own_varies_within_the_bounds_of_the_binomial(self, p):
        n, draws = 10_000, 20
        weight = torch.ones(n)
        counts = [pruned(random_mask(weight, p, exact=False)) for _ in range(draws)]
        deviation = math.sqrt(n * p * (1 - p))
        assert all(abs(count - n * p) < 5 * deviation for count in counts)
        assert abs(sum(counts) / draws - n * p) < 5 * deviation / math.sqrt(draws)
        assert len(set(counts)) > 1

    def test_exact_makes_every_pair_equally_likely(self):
        """Two of four weights: six pairs, each in a sixth of the draws."""
        weight = torch.ones(4)
        drawn = [tuple(random_mask(weight, 0.5).tolist()) for _ in range(3000)]
        pairs = {pair: drawn.count(pair) for pair in set(drawn)}
        assert len(pairs) == 6
        assert all(abs(count - 500) < 5 * math.sqrt(3000 * 5 / 36) for count in pairs.values())


class TestLinear:
    """A threshold is selected; nothing is sorted, and no input is a bad one."""

    def test_nothing_is_sorted(self, monkeypatch):
        def refuse(*_, **__):
            raise AssertionError("this sorts")

        for name in ("sort", "argsort", "topk", "msort", "unique", "quantile"):
            for owner in (torch, Tensor):
                if hasattr(owner, name):
                    monkeypatch.setattr(owner, name, refuse)
        weight = torch.randn(8, 4)
        keep = magnitude_mask(weight, 0.25)
        magnitude_mask(weight, 0.5, keep)
        random_mask(weight, 0.5)
        norm_mask(weight, 0.5, keep=keep)
        global_masks({"w": weight.abs()}, 0.5, {"w": keep})

    @pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
    @pytest.mark.parametrize("order", ["random", "equal", "rising", "falling"])
    def test_sixteen_times_the_weights_do_not_take_the_square_of_the_time(self, order, fraction):
        """The square would be 256 times. The bound is wide, for other work goes on meanwhile."""

        def seconds(n: int) -> float:
            rising = torch.arange(1.0, n + 1)
            weight = {
                "random": rising[torch.randperm(n)],
                "equal": torch.ones(n),
                "rising": rising,
                "falling": rising.flip(0),
            }[order]
            times = []
            for _ in range(5):
                start = time.process_time()
                magnitude_mask(weight, fraction)
                times.append(time.process_time() - start)
            return min(times)

        seconds(1000)  # the first call pays for what is set up once
        assert seconds(16 * 16_384) < 100 * seconds(16_384)


class TestSparsity:
    def test_of_a_tensor_and_of_a_mask(self):
        assert sparsity(torch.tensor([0.0, 1.0, -0.0, 3.0])) == 0.5
        assert sparsity(torch.tensor([True, False, True, True])) == 0.25
        assert sparsity(torch.zeros(2, 2)) == 1
        assert sparsity(torch.ones(2, 2)) == 0

    def test_of_several_is_weighted_by_their_size(self):
        several = [torch.zeros(1), torch.ones(9)]
        assert sparsity(several) == 0.1
        assert sparsity(iter(several)) == 0.1

    @pytest.mark.parametrize("scope", ["global", "layer"])
    def test_of_a_model_with_masks_and_after_they_are_permanent(self, toy_model, scope):
        assert sparsity(toy_model) == 0
        prune_model(toy_model, 0.5, scope=scope)
        assert sparsity(toy_model) == 0.5
        make_permanent(toy_model)
        assert sparsity(toy_model) == 0.5

    def test_of_a_model_does_not_count_biases(self, toy_model):
        nn.init.zeros_(toy_model.first.bias)
        assert sparsity(toy_model) == 0

    def test_of_a_model_is_what_the_next_forward_pass_sees(self, toy_model, state_of):
        """A masked layer computes its weight before each pass; the one it holds can be old."""
        pruned_state = state_of(prune_model(toy_model, 0.5))
        for layer in (toy_model.first, toy_model.second):
            layer.weight_mask.fill_(1)
        assert sparsity(toy_model) == 0
        toy_model.load_state_dict(pruned_state)
        assert sparsity(toy_model) == 0.5

    @pytest.mark.parametrize("nothing", [[], torch.empty(0), [torch.empty(0, 3)]])
    def test_of_nothing_is_refused(self, nothing):
        with pytest.raises(ValueError, match="Nothing to count"):
            sparsity(nothing)


class TestCompound:
    def test_three_rounds_of_a_fifth_of_what_is_left(self):
        assert compound([0.2, 0.2, 0.2]) == pytest.approx(1 - 0.8**3)
        assert compound([0.2, 0.2, 0.2]) < 0.5 < 0.6

    def test_edges(self):
        assert compound([]) == 0
        assert compound([0, 0]) == 0
        assert compound([0.3, 1, 0.5]) == 1
        assert compound([0.7]) == pytest.approx(0.7)

    @properties
    @given(st.floats(0, 1), st.integers(1, 30))
    def test_amount_per_round_is_its_inverse(self, total, rounds):
        amount = amount_per_round(total, rounds)
        assert 0 <= amount <= 1
        assert compound([amount] * rounds) == pytest.approx(total)

    @properties
    @given(st.lists(st.floats(0, 1), max_size=6), st.randoms())
    def test_the_order_of_the_rounds_does_not_matter(self, amounts, random):
        shuffled = random.sample(amounts, len(amounts))
        assert compound(amounts) == pytest.approx(compound(shuffled))

    def test_is_what_repeated_rounds_of_torch_prune(self):
        layer = nn.Linear(10, 10)
        for _ in range(3):
            prune.l1_unstructured(layer, "weight", amount=0.2)
        assert sparsity(layer.weight_mask) == pytest.approx(masks.compound([0.2] * 3), abs=0.01)
