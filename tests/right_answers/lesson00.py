"""Right answers to the exercises of lesson 00, written differently from the reference."""

import functools

import numpy as np


def count_by_loop(x):
    return len([value for value in x.flatten().tolist() if value == 0])


def count_as_tensor(x):
    return x.numel() - x.count_nonzero()


def count_by_numpy(x):
    return np.sum(x.numpy() == 0)


count_by_unequal = functools.partial(lambda zero, x: x.eq(zero).sum(), 0)


RIGHT_ANSWERS = {
    "0.1": (count_by_loop, count_as_tensor, count_by_numpy, count_by_unequal),
}
