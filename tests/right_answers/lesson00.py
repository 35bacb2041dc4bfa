"""Right answers to the exercises of lesson 00, written differently from the reference."""


def count_by_loop(x):
    return len([value for value in x.flatten().tolist() if value == 0])


def count_as_tensor(x):
    return x.numel() - x.count_nonzero()


RIGHT_ANSWERS = {
    "0.1": (count_by_loop, count_as_tensor),
}
