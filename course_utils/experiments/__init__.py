"""The long experiments, run once into small tables: ``make sweep``.

Each takes minutes, too long for a lesson. So they are run once, the tables lie in ``results/``, and
the lesson draws from there what it does not run itself. It runs a part of the table again, and a
claim holds the two together.

- ``tables``: which experiments there are; ``load`` the table of one
- ``nets``, ``convs``: what they start from
- ``one_cut``, ``starts``: lesson 02, one module a table
- ``filters_removed``, ``from_scratch``, ``residual``, ``rounded``: lesson 03
- ``budgets``, ``lots_of_filters``: lesson 04
- ``agreement``, ``filter_criteria``, ``slimming``, ``weight_criteria``: lesson 05
- ``every_schedule``, ``gentle_steps``, ``gradual``, ``last_step``, ``rewinding``, ``signs``,
  ``tickets``: lesson 06
- ``deep_compression``, ``int8_conv``: lesson 07
- ``runner``: run them, row by row, on this machine or on a cluster
- ``fingerprint``: which code a row depends on, so that only what changed is run again
"""

from course_utils.experiments.budgets import BUDGETS
from course_utils.experiments.every_schedule import SPARSITIES
from course_utils.experiments.last_step import EPOCHS_AFTER, LAST_CUTS
from course_utils.experiments.lots_of_filters import convnet, kept_filters
from course_utils.experiments.nets import ROUNDS, SEEDS, dense_net, prune_in_rounds
from course_utils.experiments.signs import STARTS, TICKET_BUDGETS
from course_utils.experiments.tables import EXPERIMENTS, by_configuration, load
from course_utils.experiments.tickets import LOTTERY, TICKETS, all_rivals, rivals

__all__ = [
    "BUDGETS",
    "EPOCHS_AFTER",
    "EXPERIMENTS",
    "LAST_CUTS",
    "LOTTERY",
    "ROUNDS",
    "SEEDS",
    "SPARSITIES",
    "STARTS",
    "TICKETS",
    "TICKET_BUDGETS",
    "all_rivals",
    "by_configuration",
    "convnet",
    "dense_net",
    "kept_filters",
    "load",
    "prune_in_rounds",
    "rivals",
]
