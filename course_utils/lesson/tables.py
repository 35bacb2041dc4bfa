"""Tables that read well, in a notebook and in a terminal, and that CI can compare."""

from collections.abc import Mapping

import pandas as pd


def approximate(frame: pd.DataFrame, formats: Mapping[str, str]) -> pd.DataFrame:
    """A copy of ``frame`` in which the named columns are text such as ``≈  94.6 %``.

    ``formats``: column → format of one number, for example ``"{:5.1%}"``. Give each a width: with
    it a column stays equally wide on every machine, whatever the numbers are.
    """
    columns = {}
    for name, template in formats.items():
        columns[name] = frame[name].map(lambda value, t=template: f"≈ {t.format(value)}")
    return frame.assign(**columns)
