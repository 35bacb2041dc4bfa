"""The helper library of *Pruning, Measured*: data, models, training, masks, measuring, checking.

Import the module you need, for example ``from course_utils import data, masks``. Nothing heavy is
imported before it is used, so ``import course_utils`` costs next to nothing.
"""

__version__ = "0.1.0"
