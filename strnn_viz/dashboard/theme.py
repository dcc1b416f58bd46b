"""How the page looks: one palette for each theme, one grid, one kind of card."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif'
)

# Bokeh takes its font size from htmlFontSize; fontSize makes up for it, so that Material's own text keeps its size.
_TYPOGRAPHY = {"fontFamily": FONT, "htmlFontSize": 12, "fontSize": 10.5, "button": {"textTransform": "none"}}
_SHAPE = {"borderRadius": 6}

# Here and not with a field, since a Select gives its look to what it is made of and not to its hint.
_HINT = {"marginLeft": "2px", "marginRight": 0, "fontSize": "12px", "lineHeight": "16px"}

# What moves by itself, in the components the pages use; for those who asked their system for less of it, nothing does.
_MOVING = (
    "Accordion", "Backdrop", "ButtonBase", "Collapse", "Drawer", "InputLabel", "LinearProgress", "OutlinedInput",
    "Paper", "Slider", "SvgIcon", "Switch", "TouchRipple", "Tooltip",
)  # fmt: skip
_STILL = {"transition": "none !important", "animation": "none !important"}
_AT_REST = {"@media (prefers-reduced-motion: reduce)": {"&, & *": _STILL}}
# The keyboard's place is seen by an outline; a ripple alone is faint, and gone where nothing moves.
_FOCUS = {"&.Mui-focusVisible": {"outline": "2px solid currentColor", "outlineOffset": "2px"}}
_COMPONENTS: dict[str, Any] = {
    **{f"Mui{name}": {"styleOverrides": {"root": _AT_REST}} for name in _MOVING},
    "MuiButtonBase": {"styleOverrides": {"root": _AT_REST | _FOCUS}},
    "MuiFormHelperText": {"styleOverrides": {"root": _HINT}},
}

# A slate accent: every stronger colour means something in a plot.
THEME: dict[str, Any] = {
    "light": {
        "palette": {
            "primary": {"main": "#33546F", "contrastText": "#FFFFFF"},
            "background": {"default": "#F2F4F6", "paper": "#FFFFFF"},
            "text": {"primary": "#1C2329", "secondary": "#55616C"},
            "divider": "#DCE1E6",
        },
        "typography": _TYPOGRAPHY,
        "shape": _SHAPE,
        "components": _COMPONENTS,
    },
    "dark": {
        "palette": {
            "primary": {"main": "#9DBDD6", "contrastText": "#10171D"},
            "background": {"default": "#0F1317", "paper": "#1A2026"},
            "text": {"primary": "#E8ECEF", "secondary": "#A3AFB9"},
            "divider": "#303942",
        },
        "typography": _TYPOGRAPHY,
        "shape": _SHAPE,
        "components": _COMPONENTS,
    },
}

#: For the Page itself. The pair of names under ``.MuiAppBar-root`` is what tells panel-material-ui that the header is
#: not a block of colour, so that what is in it keeps the colours of the page.
PAGE_SX: dict[str, Any] = {
    ".MuiAppBar-root": {"bgcolor": "primary.contrastText", "color": "primary.main"},
    "& .header.MuiAppBar-root": {
        "backgroundColor": "background.paper",
        "backgroundImage": "none",
        "color": "text.primary",
        "boxShadow": "none",
        "borderBottom": "1px solid",
        "borderColor": "divider",
    },
    "& .header .MuiToolbar-root": {"minHeight": "56px", "maxHeight": "56px", "px": "16px"},
    "& .header .MuiToolbar-root > .MuiBox-root": {"minWidth": 0},  # what is in it gives way where there is no room
    "& .header .title": {"color": "text.primary", "fontSize": "18px", "fontWeight": 650, "whiteSpace": "nowrap"},
    # Where the header is narrow, the name of the program goes before what the run is doing is cut.
    "& .header .MuiToolbar-root > .MuiBox-root:has(> a > .title)": {"@media (max-width: 1000px)": {"display": "none"}},
    "& .MuiDrawer-paper": {"backgroundColor": "background.paper", "backgroundImage": "none"},
    "& .MuiDrawer-paper > .MuiToolbar-root, & .main .MuiToolbar-root": {"minHeight": "56px"},
    "& .main": {"backgroundColor": "background.default"},
    # Panel's shell keeps a bar and empty headings it does not need here; readers of the page should not meet them.
    "& .MuiLinearProgress-root": {"display": "none"},
    "& .main .MuiToolbar-root, & .MuiDrawer-paper > .MuiToolbar-root": {"visibility": "hidden"},
}

#: Fields of a form: what is typed and what is chosen in one size.
FIELD_SX = {
    "& .MuiInputBase-input": {"fontSize": "14px"},
    "& .MuiSelect-select": {"fontSize": "14px"},
}

#: A fold within a form: no frame of its own, and its fields as wide as the others.
FOLD_SX = {
    "& .MuiAccordion-root": {"backgroundColor": "transparent", "backgroundImage": "none", "boxShadow": "none"},
    "& .MuiAccordion-root:before": {"display": "none"},
    "& .MuiAccordionSummary-root": {"minHeight": "32px", "padding": 0},
    "& .MuiAccordionSummary-content, & .MuiAccordionSummary-content *": {"fontSize": "14px", "fontWeight": 600},
    "& .MuiAccordionSummary-content": {"margin": "4px 0"},
    "& .MuiAccordionDetails-root": {"padding": 0},
}


@functools.cache
def style(name: str) -> str:
    """A style sheet of the package, ``styles/<name>.css``.

    A component of the page lives in a shadow tree of its own, which no style sheet of the document reaches; so each is
    given the sheets it needs.
    """
    return (resources.files("strnn_viz.dashboard") / "styles" / f"{name}.css").read_text(encoding="utf-8")


@functools.cache
def script(*names: str) -> str:
    """Scripts of the package, ``scripts/<name>.js``, one after the other."""
    folder = resources.files("strnn_viz.dashboard") / "scripts"
    return "\n".join((folder / f"{name}.js").read_text(encoding="utf-8") for name in names)


def styles(*names: str) -> list[str]:
    """Style sheets for a component with text: the base, then those named."""
    return [style(name) for name in ("base", *names)]
