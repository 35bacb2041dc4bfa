"""The long experiments, run once into small tables: ``make sweep``.

Each takes minutes, too long for a lesson. So they are run once, the tables lie in ``results/``, and
the lesson draws from there what it does not run itself. It runs a part of the table again, and a
claim holds the two together.

- ``tables``: which experiments there are; ``load`` the table of one
- ``nets``, ``convs``: what they start from
- ``from_scratch`` (lesson 03), ``every_schedule``, ``last_step``, ``tickets`` (06): one module a
  table
- ``runner``: run them, row by row, on this machine or on a cluster
- ``fingerprint``: which code a row depends on, so that only what changed is run again
"""

from course_utils.experiments.every_schedule import SPARSITIES
from course_utils.experiments.last_step import EPOCHS_AFTER, LAST_CUTS
from course_utils.experiments.nets import ROUNDS, SEEDS, dense_net, prune_in_rounds
from course_utils.experiments.tables import EXPERIMENTS, load
from course_utils.experiments.tickets import LOTTERY, TICKETS, rivals

__all__ = [
    "EPOCHS_AFTER",
    "EXPERIMENTS",
    "LAST_CUTS",
    "LOTTERY",
    "ROUNDS",
    "SEEDS",
    "SPARSITIES",
    "TICKETS",
    "dense_net",
    "load",
    "prune_in_rounds",
    "rivals",
]
