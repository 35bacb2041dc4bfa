"""Lesson 06, Iterative pruning: schedules, the loop that never un-prunes, the lottery ticket.

The references call the library where an earlier exercise has been turned into it."""

from course_utils.exercises.lesson06.ex1_three_schedules import three_schedules
from course_utils.exercises.lesson06.ex2_amounts import amounts
from course_utils.exercises.lesson06.ex3_next_mask import next_mask
from course_utils.exercises.lesson06.ex4_prune_in_rounds import prune_in_rounds
from course_utils.exercises.lesson06.ex5_winning_ticket import winning_ticket
from course_utils.exercises.lesson06.ex6_fair_race import fair_race

__all__ = [
    "amounts",
    "fair_race",
    "next_mask",
    "prune_in_rounds",
    "three_schedules",
    "winning_ticket",
]
