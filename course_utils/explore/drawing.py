"""A figure that is redrawn often and fast: what stands still is drawn once."""

import io
from collections.abc import Sequence

import matplotlib.image
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text


class Film:
    """``figure``, of which only the ``moving`` artists are drawn anew, above all that stands still.

    Axes, ticks and labels cost more time than the data between them. Where something among them
    changes after all, matplotlib marks the figure as stale, and all is drawn again. The layout is
    made once and then kept. To save the figure, take it by :meth:`whole`.
    """

    def __init__(self, figure: Figure, moving: Sequence[Artist]) -> None:
        self.figure, self._moving = figure, list(moving)
        self._canvas, self._still = FigureCanvasAgg(figure), None
        self._canvas.draw()
        figure.set_layout_engine("none")
        self._animate(True)
        figure.stale = True

    def whole(self) -> Figure:
        """The figure with all its artists: matplotlib does not save those that are animated."""
        self._animate(False)
        return self.figure

    def _animate(self, animated: bool) -> None:
        for artist in self._moving:
            artist.set_animated(animated)

    def png(self) -> bytes:
        """The figure as it is now, in its own resolution. Settings of the reader play no part."""
        canvas = self._canvas
        self._animate(True)
        if self.figure.stale:
            canvas.draw()
            self._still = canvas.copy_from_bbox(self.figure.bbox)
        canvas.restore_region(self._still)
        for artist in self._moving:
            artist.draw(canvas.get_renderer())
        picture = io.BytesIO()
        # Packed fast rather than small: the picture goes to the page once and is not stored.
        matplotlib.image.imsave(
            picture, canvas.buffer_rgba(), format="png", pil_kwargs={"compress_level": 1}
        )
        return picture.getvalue()


def headline(figure: Figure) -> Text:
    """The bold line above all panels, to be filled by ``set_text``."""
    return figure.suptitle("title", x=0.01, ha="left", fontsize=11, fontweight="bold")
