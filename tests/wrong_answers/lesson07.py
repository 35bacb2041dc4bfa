"""Wrong answers to the exercises of lesson 07, each with words that its verdict must hold."""

WRONG_ANSWERS = {}
