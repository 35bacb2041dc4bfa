"""The checker: runs an answer safely, compares it, and says what is wrong.

- ``exercise``: what an exercise is, and what you call: check, hint, solution
- ``running``: run somebody's function safely and note what it did
- ``comparing``: how two results differ, in words
- ``feedback``: the sentences and pictures of the four outcomes
- ``samples``: numbers for the cases
"""
