"""``python -m course_utils.authoring [NN …] [--force]`` makes the notebooks."""

import sys

from course_utils.authoring.build import main

sys.exit(main())
