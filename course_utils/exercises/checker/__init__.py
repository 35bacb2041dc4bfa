"""The checker: runs an answer safely, compares it, and says what is wrong.

- ``exercise``: what an exercise is, and what you call: check, hint, solution
- ``running``: run somebody's function and note what it did
- ``limit``: a thread for that, which can be stopped or left behind
- ``surroundings``: what the function left changed for everybody, and putting it back
- ``dice``: the same random numbers for each, and the notebook's own afterwards
- ``copies``: plain copies of what it returned, which keep still
- ``comparing``: how two of them differ, in words
- ``printing``: values in words, in drawings and as code
- ``feedback``: the sentences and pictures of the four outcomes
- ``buttons``: hint and solution, one click away below a wrong verdict
- ``samples``: numbers for the cases
"""
