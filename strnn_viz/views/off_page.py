"""A plot off any page: in a document of its own, and not in what Bokeh takes for the current one."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import holoviews.plotting.bokeh  # registers the backend


def off_page(element: Any) -> Any:
    """What HoloViews draws of an element, in a document that no one else has.

    HoloViews puts a plot into Bokeh's current document, and its theme on all that this document holds. On a server that
    is the page of a viewer, and not always of the one who is served: within a coroutine it is whichever was current
    when that was resumed, and Bokeh never forgets one in whose turn there was an error.

    Parameters
    ----------
    element : HoloViews object

    Returns
    -------
    HoloViews plot
        Its ``state`` is the Bokeh figure.
    """
    # On software GL a figure of a few thousand marks takes seconds.
    renderer = hv.renderer("bokeh").instance(mode="default", webgl=False)
    renderer.notebook_context = True  # all this says to it is that there is no current document
    return renderer.get_plot(element)
