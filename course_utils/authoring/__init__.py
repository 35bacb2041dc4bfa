"""For the people who maintain the course: make the notebooks from their source, and check them.

- ``build``: solutions/NN_name.py → solutions/NN_name.ipynb and notebooks/NN_name.ipynb
- ``rules``: what a published notebook must and must not hold
- ``shut``, ``blind``: which cells come shut, and what must not be said before a comparison
- ``prose``, ``quantities``, ``numbers``: what does not run, the numbers in it, what binds each
- ``other_seeds``, ``bounds``: the claims with other seeds, and whether their bounds fit
- ``reading``: how long a lesson's core takes
- ``pytest_plugin``: the settings of every kernel that a test starts
"""
