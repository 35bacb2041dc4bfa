"""Wrong answers to the exercises of lesson 00, each with words that its verdict must hold."""

import torch


def up_to_rounding_errors(x):
    return torch.isclose(x, torch.zeros_like(x)).sum().item()


def rounded_first(x):
    return (x.round() == 0).sum()


def not_positive(x):
    return len([v for v in x.flatten().tolist() if v <= 0])


def python_sum(x):
    return sum(x == 0)


def along_the_last(x):
    zeros = torch.where(x == 0, 1, 0)
    return zeros.sum(-1)


def shape_for_size(x):
    return x.shape[0] - torch.count_nonzero(x).item()


def twice_in_a_matrix(x):
    return torch.numel(x) - torch.numel(torch.nonzero(x))


def picked_out(x):
    return torch.sum(x[x == 0])


def where_they_are(x):
    return torch.argwhere(x == 0)


def loop_over_rows(x):
    n = 0
    for value in x:
        if value == 0:
            n += 1
    return n


def int_of_all(x):
    return int(x == 0)


def averaged(x):
    return (x == 0).mean() * x.numel()


def counted(x):
    return (x == 0).count()


def truth(x):
    return 0 in x


def everything_that_is_left(x):
    return x.bool().sum()


WRONG_ANSWERS = {
    "0.1": [
        (up_to_rounding_errors, "only close to zero"),
        (rounded_first, "0.4 becomes 0"),
        (not_positive, "negative numbers, too"),
        (python_sum, "one count for each column"),
        (along_the_last, "one count for each row"),
        (shape_for_size, "number of *rows*"),
        (twice_in_a_matrix, ".count_nonzero() counts"),
        (picked_out, "always add up to 0"),
        (where_they_are, "*where* the zeros are"),
        (loop_over_rows, "Compare the whole tensor at once"),
        (int_of_all, "add them up first"),
        (averaged, "the count is asked for"),
        (counted, "has no .count()"),
        (truth, "*whether* there is a zero"),
        (everything_that_is_left, "that are *not* zero"),
    ],
}
