"""Goes back to the epoch under the cursor and on from there: a fork of the run that is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from strnn_viz.dashboard import choices
from strnn_viz.dashboard.cursor import Cursor
from strnn_viz.dashboard.hub import RunHub, RunState
from strnn_viz.dashboard.launcher import Launcher, check_fork
from strnn_viz.dashboard.link import compare_link
from strnn_viz.dashboard.parts import Text, paragraphs
from strnn_viz.dashboard.starting import Starting
from strnn_viz.dashboard.theme import FIELD_SX, style
from strnn_viz.rules import METHODS
from strnn_viz.runs import Run
from strnn_viz.runs.forks import methods_after, spans, text_of
from strnn_viz.views._compared import MOST_RUNS

_LOOK = {"size": "small", "margin": 0, "sizing_mode": "stretch_width", "sx": FIELD_SX}
_METHOD, _REGROW, _DENSITY = "sparsity.method", "sparsity.regrow", "sparsity.density"
_RATE, _LR, _SEED = "sparsity.prune_rate", "optimizer.lr", "seed"

REWIND = "With nothing changed the fork repeats the run exactly from there: a rewind."


class ForkForm:
    """A button that says from which epoch, what may be changed there, and what became of the fork.

    Parameters
    ----------
    hub : RunHub
    launcher : Launcher
    cursor : Cursor
    opened : callable
        Called with the name of the fork as soon as there is something to see of it.
    """

    def __init__(self, hub: RunHub, launcher: Launcher, cursor: Cursor, opened: Callable[[str], None]) -> None:
        self._hub = hub
        self._launcher = launcher
        self._cursor = cursor
        self._opened = opened
        self._run: Run | None = None
        self._epoch = -1
        self._given: dict[str, str] = {}
        self._hints: dict[str, str] = {}
        self._seen: tuple[object, ...] = ()
        self._filled = ""  # the run whose values the form holds
        self._filling = False
        self.unfold = pmui.Button(
            label="Fork from here", icon="call_split", size="small", variant="outlined", margin=0, disabled=True,
            sizing_mode="stretch_width", sx={"whiteSpace": "nowrap", "px": "8px"},
        )  # fmt: skip
        self.why = Text(looks="caption", visible=False)
        self.fields = {
            _RATE: pmui.TextInput(label="Prune rate", **_LOOK),
            _DENSITY: pmui.TextInput(label="Density", **_LOOK),
            _METHOD: pmui.Select(label="Method", options=choices.TITLES, **_LOOK),
            _REGROW: pmui.Select(label="Regrow", options=choices.axis_options(_REGROW), **_LOOK),
            _LR: pmui.TextInput(label="Learning rate", **_LOOK),
            _SEED: pmui.TextInput(label="Seed", **_LOOK),
        }
        self.note = Text(looks="caption", attributes={"role": "status"})
        self.button = pmui.Button(
            label="Start fork", icon="play_arrow", color="primary", variant="contained", margin=0,
            sizing_mode="stretch_width", disable_elevation=True,
        )  # fmt: skip
        inside = pn.Column(
            *self.fields.values(), self.note, self.button,
            stylesheets=[style("fold")], sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        # A column of its own is hidden, since the style of the other says how it is displayed.
        self.form = pn.Column(inside, sizing_mode="stretch_width", margin=0, visible=False)
        self.message = Text(attributes={"role": "status"}, visible=False)
        self.family = Text(looks="caption", visible=False)
        self._starting = Starting(self.message, self.button, self._open)
        self.unfold.on_click(lambda _: self._toggle())
        self.button.on_click(lambda _: self.start())
        for field in self.fields.values():
            field.param.watch(lambda _: self._edited(), "value")

    def view(self) -> pn.viewable.Viewable:
        """The button and what it unfolds as a Panel object."""
        return pn.Column(
            self.unfold, self.why, self.form, self.message, self.family,
            stylesheets=[style("fold")], sizing_mode="stretch_width", margin=0, css_classes=["fork"],
        )  # fmt: skip

    @property
    def changes(self) -> dict[str, str]:
        """What was changed, by configuration key; what another method leaves no choice of is left to it."""
        if self._run is None or self._run.config is None or self._filled != self._run.name:
            return {}
        config, method = self._run.config, self.fields[_METHOD].value
        fixed = choices.fixed_axes(method, config.sparsity.initialization)
        said = {key: _said(field) for key, field in self.fields.items() if key not in fixed}
        changed = {key: value for key, value in said.items() if not _same(value, self._given[key])}
        if _METHOD in changed:
            changed |= choices.reset_axes(method, config)
        if _DENSITY in changed and config.sparsity.epsilon:
            changed["sparsity.epsilon"] = "0"  # which would go on to decide it
        return changed

    def update(self, state: RunState | None, family: list[str], kin: Sequence[str] = ()) -> None:
        """Say what can be forked where the cursor is.

        Parameters
        ----------
        state : RunState or None
            How the run that is shown is doing; None while there is none.
        family : list of str
            Where the run came from and what branches off it, a sentence each.
        kin : sequence of str
            Names of the run and of those it can be compared with; none where there is nothing to compare.
        """
        self.family.say(paragraphs(*family) + _comparison(kin))
        epoch = self._cursor.epoch
        if state is None or epoch is None:
            self._seen, self._run = (), None
            self.unfold.param.update(label="Fork from here", disabled=True)
            self.form.visible = False
            self.why.say("")
            return
        seen = (state.name, epoch, state.version)
        if seen == self._seen:
            return
        self._turn(self._hub.run(state.name), epoch)
        reason = self._reason(state)
        # The checkpoint of an epoch arrives a moment after the epoch.
        self._seen = () if reason and state.live else seen
        self.unfold.param.update(label=f"Fork from epoch {epoch:,}", disabled=bool(reason))
        self.why.say(paragraphs(reason, kind="muted"))
        self.form.visible = self.form.visible and not reason
        if self.form.visible:
            self._fill()

    def tell(self) -> None:
        """Say how a start goes; called again and again, before :meth:`update`, since it may open another run."""
        self._starting.update()

    def check(self, *, aloud: bool = True) -> bool:
        """Mark each field whose value cannot be, with what is wrong beside it; `aloud`, say also what else is wrong."""
        if self._filling or self._run is None or self._run.config is None:
            return False
        changes = self.changes
        wrong = check_fork(self._run, self._epoch, changes)
        config, method = self._run.config, self.fields[_METHOD].value
        fixed = choices.fixed_axes(method, config.sparsity.initialization)
        regrow = choices.axis_hint(method, _REGROW, self.fields[_REGROW].value)
        hints = self._hints | {_METHOD: METHODS[method].words, _REGROW: regrow} | fixed
        for key, field in self.fields.items():
            hint = wrong.get(key, hints.get(key, ""))
            field.param.update(error_state=key in wrong, helper_text=hint, disabled=key in fixed)
        elsewhere = [text for key, text in wrong.items() if key not in self.fields]
        if elsewhere and aloud:
            self.message.say(paragraphs(*elsewhere, kind="error"))
        shown = {key: value for key, value in changes.items() if key in self.fields}
        told = ", ".join(choices.change_words(key, value) for key, value in shown.items())
        self.note.say(paragraphs(f"Changed: {told}." if told else REWIND, kind="muted"))
        return not wrong

    def start(self) -> None:
        """Start a fork with what was changed."""
        run = self._run
        if run is None:
            return
        if not self.check():
            self._starting.refuse()
            return
        self._starting.begin(lambda: self._launcher.fork(run, self._epoch, self.changes))

    def _edited(self) -> None:
        """A person changed a field: what was said of the values before is no longer so."""
        if not self._filling:
            if not self._starting.under_way:
                self.message.say("")
            self.check()

    def _toggle(self) -> None:
        if not self.form.visible:
            self._fill()
        self.form.visible = not self.form.visible

    def _open(self, name: str) -> None:
        self.form.visible = False
        self._opened(name)

    def _turn(self, run: Run, epoch: int) -> None:
        """Another run or epoch is to be forked; the form of another run is folded."""
        if self._run is None or run.name != self._run.name:
            self.form.visible = False
            self._filled = ""
            if not self._starting.under_way and f"Started {run.name}." not in self.message.object:
                self.message.say("")
        self._run, self._epoch = run, epoch

    def _fill(self) -> None:
        """Take over what the run says at the epoch; what was typed for an earlier one of the same run stays.

        Only once a person unfolds the form: most who watch a training never do, and it would be filled at every epoch.
        """
        run, epoch = self._run, self._epoch
        if run is None or run.config is None:
            return
        kept = self.changes if self._filled == run.name else {}
        self._filled = run.name
        row: Mapping[str, Any] = next((row for row in run.rows if row["epoch"] == epoch), {})
        config = run.config
        self._given = {key: text_of(config.get(key)) for key in self.fields}
        if row.get("lr") is not None:
            self._given[_LR] = text_of(float(row["lr"]))
        if config.sparsity.epsilon:
            self._given[_DENSITY] = f"{_density(run, row):.3g}"
        rate = row.get("prune_rate")
        self._hints = {
            _RATE: "share replaced at first" + (f"; at epoch {epoch:,} {rate:.1%}" if rate is not None else ""),
            _DENSITY: "share of weights that are active",
            _LR: f"that of epoch {epoch:,}",
            _SEED: "decides what is drawn from there on",
        }
        self._filling = True
        try:
            offered = methods_after(config.sparsity.method)
            self.fields[_METHOD].options = {METHODS[name].title: name for name in offered}
            for key, field in self.fields.items():
                field.value = kept.get(key, self._given[key])
        finally:
            self._filling = False
        self.check(aloud=False)  # that the epoch is none to go on from stands at the button

    def _reason(self, state: RunState) -> str:
        """Why the run cannot be forked at the epoch shown; empty where it can."""
        run, epoch = self._run, self._epoch
        if run is None or run.config is None:
            return "A run that was recorded elsewhere cannot be trained on."
        kept = [e for e in run.checkpoints() if e < run.config.training.epochs]
        if not kept:
            return "This run has no checkpoint to go on from." if not state.live else "No checkpoint is saved yet."
        if epoch >= run.config.training.epochs:
            return f"Epoch {epoch:,} is the last. To go on from an earlier one, show it: {spans(kept)}."
        return "" if epoch in kept else f"Epoch {epoch:,} has no checkpoint. Show one that has: {spans(kept)}."


def _said(field: pmui.TextInput | pmui.Select) -> str:
    """What is seen in a field; the value of one to type in may lag behind it by what was typed last."""
    return str(field.value_input if isinstance(field, pmui.TextInput) else field.value).strip()


def _same(a: str, b: str) -> bool:
    try:
        return float(a) == float(b)
    except ValueError:
        return a == b


def _density(run: Run, row: Mapping[str, Any]) -> float:
    """Active weights of all that are masked, at one epoch."""
    counts = (layer.get("nnz") or 0 for layer in row.get("layers", {}).values())
    return float(sum(counts) / max(1, sum(info.size for info in run.layers.values())))


def _comparison(kin: Sequence[str]) -> str:
    """A link to the page that sets runs side by side, at most as many as it takes."""
    if len(kin) < 2:
        return ""
    link = compare_link(kin[:MOST_RUNS])
    return f'<p><a href="{escape(link)}">Compare {"the two" if len(kin) == 2 else "them"}</a></p>'
