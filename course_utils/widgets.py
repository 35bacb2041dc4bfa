"""Put a live widget below a cell, and nothing else.

A widget is alive only while its kernel is: on a page without one, or in a notebook that was opened
again, it is a dead frame. So nothing but its view is sent, no text in its place, and what the
widget shows stands above it as a picture or in words.
"""

import ipywidgets
from IPython.display import display

VIEW = "application/vnd.jupyter.widget-view+json"


def display_live(widget: ipywidgets.Widget) -> None:
    """Show ``widget`` below the cell. Outside a notebook nothing happens.

    The output holds the view alone: nbval does not compare it, and stored notebooks drop it.
    """
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    display({VIEW: view}, raw=True)
