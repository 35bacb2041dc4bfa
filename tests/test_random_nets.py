"""Surgery on nets that nobody chose: the same function, or a sentence and nothing changed."""

import os
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_nets import judge, random_net

from course_utils.training import seed_everything

# `make nightly` tries ten times as many, and others each time.
NETS = int(os.environ.get("SURGERY_NETS", "200"))
SHARE = 0.35  # of the nets lose filters, at the least; the others are refused
TIED = 0.005  # of them lose filters of layers that are tied: it was 5 of 400 nets
ELEMENTS = {
    "flat", "tokens", "series", "picture", "volume", "Linear", "Conv1d", "Conv2d", "Conv3d",
    "depthwise", "grouped", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "InstanceNorm1d",
    "GroupNorm", "LayerNorm", "RMSNorm", "LocalResponseNorm", "activation module",
    "activation function", "arithmetic", "pool module", "pool function", "mean", "Flatten module",
    "reshape", "dropout", "pad", "upsample", "reused", "called again", "shared weight", "residual",
    "residual from the input", "branches", "squeeze-excite", "weight read", "attribute",
    "own class", "parametrised", "container", "mixing", "stateful", "one head", "two heads",
    "two heads, one on .data", "features", "hook", "masks on", "channels_last", "double",
    "bfloat16",
}  # fmt: skip
USUAL = {
    "Linear", "Conv1d", "Conv2d", "Conv3d", "activation module", "activation function", "mean",
    "pool module", "pool function", "pad", "reshape", "dropout", "container", "masks on", "double",
    "bfloat16", "channels_last", "two heads", "BatchNorm1d", "BatchNorm2d", "upsample",
}  # fmt: skip


class Tried:
    """What was in the nets that were tried, in those that lost filters, and the verdicts."""

    def __init__(self) -> None:
        self.found, self.taken, self.verdicts = Counter(), Counter(), Counter()

    @settings(max_examples=NETS, deadline=None, derandomize="SURGERY_NETS" not in os.environ)
    @given(seed=st.integers(0, 2**32 - 1))
    def run(self, seed: int) -> None:
        """The same function, or refused: the second of two lines shows what a seed made."""
        chance = Random(seed)
        made = random_net(chance)
        verdict = judge(made, chance)
        self.found.update(made.elements)
        self.verdicts.update([verdict.split(":")[0], "tied" if verdict.endswith("tied") else "all"])
        if verdict.startswith("equal"):
            self.taken.update(made.elements)


@pytest.fixture(scope="module")
def tried() -> Tried:
    """The property itself: every net and keep is tried here, and a wrong one raises."""
    seed_everything(0)  # whatever ran before: the nets' weights come from the global generator
    tried = Tried()
    tried.run()
    return tried


def test_the_same_or_refused(tried):
    assert tried.verdicts["equal"] + tried.verdicts["refused"] >= NETS


def test_every_kind_of_element_comes_up(tried):
    assert not ELEMENTS - tried.found.keys()


def test_enough_nets_lose_filters(tried):
    """A surgery that refused everything would pass the first test."""
    assert tried.verdicts["equal"] >= SHARE * NETS
    assert tried.verdicts["tied"] >= TIED * NETS
    assert not USUAL - tried.taken.keys()


def test_no_net_with_a_hook_loses_filters(tried):
    assert tried.taken["hook"] == 0
