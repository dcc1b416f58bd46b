"""A plot draws what its viewer has chosen, and shares what it drew with those who chose alike."""

from strnn_viz import views
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.plots import Plot, View

MASKS = View(views.mask_evolution, history=False, pixels=True)


def plot(hub: RunHub, **options: object) -> Plot:
    made = Plot(hub, MASKS, "here")
    made.options |= options
    made.prepare("first", 4, "lstm.0.weight_hh")
    made.apply()
    return made


def test_options_of_a_viewer_are_drawn_and_shared_by_those_who_chose_alike(hub: RunHub) -> None:
    plain, aged, other = plot(hub), plot(hub, colouring="age"), plot(hub, colouring="age")
    assert plain.frame is not aged.frame
    assert aged.frame is other.frame
    assert plot(hub).frame is plain.frame


def test_an_option_that_changes_is_drawn_at_the_next_look(hub: RunHub) -> None:
    made = plot(hub)
    before = made.frame
    made.prepare("first", 4, "lstm.0.weight_hh")
    assert made.frame is before
    made.options["lit"] = (0.0, 0.01)
    made.prepare("first", 4, "lstm.0.weight_hh")
    assert made.frame is not before


def test_a_plot_may_depend_on_more(hub: RunHub) -> None:
    class Moody(Plot):
        mood = 1

        def depends(self, run: object) -> tuple[int, ...]:
            return (self.mood,)

    made = Moody(hub, MASKS, "moody")
    made.prepare("first", 4, "lstm.0.weight_hh")
    before = made.frame
    made.mood = 2
    made.prepare("first", 4, "lstm.0.weight_hh")
    assert made.frame is not before


def test_whoever_wants_to_is_told_of_a_figure_made_anew(hub: RunHub) -> None:
    told = []

    class Listening(Plot):
        def made(self, figure: object) -> None:
            told.append(figure)

    listening = Listening(hub, MASKS, "listening")
    for run in ("first", "first", "second"):
        listening.prepare(run, 2, "lstm.0.weight_hh")
        listening.apply()
    assert len(told) == 2
    assert told[-1] is listening._figure.pane.object
