"""Something to play with: prune a trained net on the page, without a kernel. Lesson 00.

``python -m course_utils.explore.toy`` trains the net again and writes ``toy.bin``.
"""

from course_utils.explore.toy.page import frame, page, show, stored_net

__all__ = ["frame", "page", "show", "stored_net"]
