"""Wrong answers to the exercises of lesson 01, each with words that its verdict must hold."""

WRONG_ANSWERS = {}
