"""Live widgets in a notebook that still reads well without a kernel."""

from ipywidgets import Widget

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def display_live(widget: Widget) -> None:
    """Display ``widget`` for as long as its kernel lives, and leave nothing behind.

    The output holds only the widget's view, without the usual ``VBox(children=…)`` as plain text.
    A page without a kernel cannot draw the view, so it shows nothing instead of dead text, and
    nbval leaves this one kind of data out of its comparison, in the run as in the stored notebook.
    Put a static picture with the same message above it (:func:`course_utils.explore.show` does).
    Does nothing outside IPython, where there is no page to display on.
    """
    from IPython import get_ipython  # slow to import
    from IPython.display import display  # slow to import

    if get_ipython() is None:
        return
    view = {"model_id": widget.model_id, "version_major": 2, "version_minor": 0}
    display({WIDGET_VIEW: view}, raw=True)
