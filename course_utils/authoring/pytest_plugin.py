"""Settings for every test, and every kernel that a test starts. Loaded by pyproject.toml."""

import os

# No progress bars: a bar that is drawn is an output that differs at every run.
# A record in memory: tests never touch the learner's own, and each kernel starts with an empty one.
KERNEL_ENVIRONMENT = {
    "TQDM_DISABLE": "1",
    "PRUNING_COURSE_HOME": ":memory:",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}

os.environ.update(KERNEL_ENVIRONMENT)
