"""Show a live widget so that a page without a kernel shows nothing in its place."""

import ipywidgets
from IPython.display import display

VIEW = "application/vnd.jupyter.widget-view+json"


def display_live(widget: ipywidgets.Widget) -> None:
    """Show ``widget`` as a live view only, without the text that usually stands in for it.

    A saved page has no kernel to draw the widget with; it would show that text instead.
    """
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    display({VIEW: view}, raw=True)
