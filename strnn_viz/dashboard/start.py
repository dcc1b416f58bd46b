"""Starts a training: a preset, a method, and what the method leaves open."""

from __future__ import annotations

from collections.abc import Callable

import panel as pn
import panel_material_ui as pmui

from strnn_viz.config import preset
from strnn_viz.dashboard import choices
from strnn_viz.dashboard.launcher import Launcher, check_values
from strnn_viz.dashboard.parts import Text, paragraphs
from strnn_viz.dashboard.starting import Starting
from strnn_viz.dashboard.theme import FIELD_SX, FOLD_SX, style
from strnn_viz.rules import METHODS
from strnn_viz.runs.forks import text_of

_LOOK = {"size": "small", "margin": 0, "sizing_mode": "stretch_width", "sx": FIELD_SX}
_METHOD, _FIRST = "sparsity.method", "sparsity.initialization"


class StartForm:
    """Starts a training process, and says beside its button what became of it.

    Parameters
    ----------
    launcher : Launcher
    opened : callable
        Called with the name of a run as soon as there is something to see of it.
    """

    def __init__(self, launcher: Launcher, opened: Callable[[str], None]) -> None:
        self._launcher = launcher
        self._filling = False
        groups = choices.grouped_presets()
        names = [name for group in groups.values() for name in group]
        self.preset = pmui.Select(label="Preset", groups=groups, value="demo" if "demo" in names else names[0], **_LOOK)
        self.method = pmui.Select(label="Method", options=choices.TITLES, **_LOOK)
        self.initialization = pmui.RadioButtonGroup(
            label="", options=choices.INITIALIZATIONS, size="small", margin=0, sizing_mode="stretch_width",
        )  # fmt: skip
        self.why_first = Text(looks="caption", visible=False)
        self.fields = {key: pmui.TextInput(label=label, **_LOOK) for key, (label, _) in choices.FIELDS.items()}
        self.axes = {
            key: pmui.Select(label=label, options=choices.axis_options(key), **_LOOK)
            for key, (label, _) in choices.AXES.items()
        }
        self.more = {key: pmui.TextInput(label=label, **_LOOK) for key, (label, _) in choices.MORE_FIELDS.items()}
        self.reasons = Text(looks="caption", visible=False)
        inside = pn.Column(
            *self.axes.values(), *self.more.values(), self.reasons,
            stylesheets=[style("fold")], sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        self.fold = pmui.Accordion(
            ("Advanced", inside), disable_gutters=True, elevation=0, margin=0, sizing_mode="stretch_width", sx=FOLD_SX,
        )  # fmt: skip
        self.button = pmui.Button(
            label="Start training", icon="play_arrow", color="primary", variant="contained", margin=0,
            sizing_mode="stretch_width", disable_elevation=True,
        )  # fmt: skip
        self.message = Text(attributes={"role": "status"}, visible=False)
        self._starting = Starting(self.message, self.button, opened)
        self.fill()
        self.preset.param.watch(lambda _: self.fill(), "value")
        for chosen in (self.method, self.initialization, *self.axes.values()):
            chosen.param.watch(lambda _: self.fit(), "value")
        for field in (*self.fields.values(), *self.more.values()):
            field.param.watch(lambda _: self.fit(), "value")
        self.button.on_click(lambda _: self.start())

    def view(self) -> pn.viewable.Viewable:
        """The form as a Panel object."""
        title = Text("<h2>Start a run</h2>")
        first = pn.Column(self.initialization, self.why_first, sizing_mode="stretch_width", margin=0)
        return pn.Column(
            title, self.preset, self.method, first, *self.fields.values(), self.fold, self.button, self.message,
            stylesheets=[style("form")], sizing_mode="stretch_width", margin=0, css_classes=["start"],
        )  # fmt: skip

    @property
    def values(self) -> dict[str, str]:
        """What the form says, by configuration key; of what the method fixes, what leaves it to the method."""
        # value_input is what is seen in the field; value may lag behind it by what was typed last.
        typed = {key: field.value_input.strip() for key, field in (self.fields | self.more).items()}
        chosen = {key: axis.value for key, axis in self.axes.items()}
        said = {_METHOD: self.method.value, _FIRST: self.initialization.value} | typed | chosen
        config = preset(self.preset.value)
        return said | {key: choices.fixed_value(key, config) for key in self._fixed() if key in said}

    def fill(self) -> None:
        """Take over what the preset says, and forget what was typed."""
        config = preset(self.preset.value)
        self._filling = True
        try:
            self.method.value, self.initialization.value = config.sparsity.method, config.sparsity.initialization
            for key, field in (self.fields | self.more).items():
                field.value = text_of(config.get(key))
            for key, axis in self.axes.items():
                axis.value = config.get(key)
        finally:
            self._filling = False
        self.fit()

    def fit(self) -> None:
        """Offer what the method leaves open, and say why the rest is not."""
        if self._filling:
            return
        self._filling = True
        if not self._starting.under_way:
            self.message.say("")
        try:
            fixed = self._fixed()
            self.method.helper_text = METHODS[self.method.value].words
            self.initialization.disabled = _FIRST in fixed
            self.why_first.say(paragraphs(fixed.get(_FIRST, "")))
            for key, field in (self.axes | self.more).items():
                field.visible = key not in fixed
            for key, field in self.fields.items():
                field.disabled = key in fixed or (key == "sparsity.density" and self._dense_by_epsilon())
            hidden: dict[str, list[str]] = {}
            for key, reason in fixed.items():
                if reason and key in self.axes | self.more:
                    title = (choices.AXES | choices.MORE_FIELDS)[key][0]
                    hidden.setdefault(reason, []).append(title)
            told = (f"{', '.join(titles)}: {reason}." for reason, titles in hidden.items())
            self.reasons.say(paragraphs(*told, kind="muted"))
        finally:
            self._filling = False
        self.check()

    def check(self) -> bool:
        """Mark each field whose value cannot be, with what is wrong beside it."""
        wrong, fixed = check_values(self.preset.value, self.values), self._fixed()
        self.preset.helper_text = choices.describe(self.preset.value)
        hints = {key: hint for key, (_, hint) in (choices.FIELDS | choices.MORE_FIELDS).items()} | fixed
        hints |= {key: choices.axis_hint(self.method.value, key, a.value) for key, a in self.axes.items()}
        if self._dense_by_epsilon() and "sparsity.density" not in fixed:
            hints["sparsity.density"] = f"ε = {self.more['sparsity.epsilon'].value_input} decides it (see Advanced)"
        for key, field in (self.fields | self.more | self.axes).items():
            field.param.update(error_state=key in wrong, helper_text=wrong.get(key, hints.get(key, "")))
        if any(key in wrong for key in (*self.axes, *self.more)):
            self.fold.active = [0]
        elsewhere = [text for key, text in wrong.items() if key not in self.fields | self.more | self.axes]
        if elsewhere:
            self.message.say(paragraphs(*elsewhere, kind="error"))
        return not wrong

    def start(self) -> None:
        """Start training with what the form says."""
        if missing := choices.missing_corpus(self.preset.value):
            self.message.say(paragraphs(f"Not started: {missing}", kind="error"))
            return
        if not self.check():
            self._starting.refuse()
            return
        self._starting.begin(lambda: self._launcher.start(self.preset.value, self.values))

    def update(self) -> None:
        """Say how the start goes; called again and again while it does."""
        self._starting.update()

    def _fixed(self) -> dict[str, str]:
        return choices.fixed_axes(self.method.value, self.initialization.value)

    def _dense_by_epsilon(self) -> bool:
        """Whether ε decides the density, so that what the field says does nothing."""
        text = self.more["sparsity.epsilon"].value_input.strip()
        try:
            return "sparsity.epsilon" not in self._fixed() and float(text) > 0
        except ValueError:
            return False
