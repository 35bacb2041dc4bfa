"""The lessons of the course, in order: the one list that README, lesson 00 and progress read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    """``minutes``: what a learner needs, reading, predicting and exercises included."""

    number: str
    name: str
    title: str
    minutes: int
    about: str

    @property
    def file(self) -> str:
        return f"{self.number}_{self.name}"


LESSONS = (
    Lesson("00", "start_here", "Start here", 15, "your machine, the signs, the first baseline"),
    Lesson("01", "mask_math", "Mask math", 50, "W′ = W ⊙ M, and what a mask does not save"),
    Lesson(
        "02",
        "unstructured_pruning",
        "Unstructured pruning",
        75,
        "which weights to cut, and how to recover",
    ),
    Lesson(
        "03",
        "structured_pruning",
        "Structured pruning",
        75,
        "filters that really go, and what gets faster",
    ),
    Lesson(
        "04",
        "random_pruning",
        "Random pruning",
        55,
        "the control group, and how many seeds it takes",
    ),
    Lesson(
        "05",
        "norm_pruning",
        "Norm pruning and other criteria",
        65,
        "what to cut by: norms, gradients, activations",
    ),
    Lesson(
        "06",
        "iterative_pruning",
        "Iterative pruning",
        70,
        "schedules at equal epochs, and the lottery ticket",
    ),
    Lesson(
        "07",
        "quantise_and_deploy",
        "Quantise and deploy",
        85,
        "a file of some kilobytes, int8, and out of PyTorch",
    ),
)
