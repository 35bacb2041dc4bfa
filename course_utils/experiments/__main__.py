"""``python -m course_utils.experiments [NAME …]`` runs the long experiments again."""

import sys

from course_utils.experiments.runner import main

sys.exit(main())
