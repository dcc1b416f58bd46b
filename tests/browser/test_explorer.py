import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from strnn_viz.config import preset
from strnn_viz.runs import Parent, Run, RunWriter
from tests.browser.conftest import SMALL_TRAINER, guard, steady
from tests.dashboard.conftest import wait_for
from tests.synthetic import make_run, snapshots

pytestmark = pytest.mark.browser

Serve = Callable[..., str]
CARDS = ("masks", "learning", "magnitudes", "distance")


def status(page: Page) -> Locator:
    return page.locator("header").get_by_role("status")


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Epoch")


def shown_epoch(page: Page) -> int:
    return int(slider(page).get_attribute("aria-valuenow"))


def masks(page: Page) -> bytes:
    return page.locator(".card.masks canvas").first.screenshot()


def steady_masks(page: Page) -> bytes:
    return steady(lambda: masks(page))


def move(page: Page, key: str) -> None:
    """Press a key on the slider, once there is somewhere to move to."""
    expect(slider(page)).to_be_enabled()
    slider(page).press(key)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def choose(page: Page, what: str, option: str) -> None:
    page.get_by_role("combobox", name=what).click()
    found = (page.get_by_role(role, name=option, exact=True) for role in ("menuitem", "option"))
    next(found).or_(next(found)).click()


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A directory with one finished run of twelve epochs, for a test to change."""
    make_run(tmp_path / "runs" / "demo-uniform", preset("demo", epochs=12), epochs=12, hidden=24)
    return tmp_path / "runs"


@pytest.fixture
def settled(page: Page, finished: str) -> Page:
    """A page that shows the last epoch of a finished run."""
    page.goto(finished)
    expect(page.get_by_role("heading", name=re.compile(r"[Ee]poch 12\b"))).to_have_count(4)
    page.wait_for_function("Bokeh.documents.every(document => document.is_idle)")  # then it has looked how wide it is
    return page


def test_a_training_is_started_watched_paused_and_scrubbed(page: Page, explorer: Serve) -> None:
    page.goto(explorer("--delay", "0.8", "--epochs", "200"))
    expect(page.get_by_role("heading", name="No run yet")).to_be_visible()
    press(page, "Start training")
    expect(page.get_by_text("Started demo-uniform.")).to_be_visible()
    expect(status(page)).to_contain_text(re.compile(r"training · epoch \d+ of 200 · \d\.\d s each"))
    first = shown_epoch(page)
    wait_for(lambda: shown_epoch(page) >= max(3, first + 2))
    expect(page.get_by_text("following live")).to_be_visible()

    press(page, "Pause")
    expect(status(page)).to_contain_text("paused")
    expect(page.get_by_role("button", name="Resume")).to_be_enabled()
    here, picture = shown_epoch(page), masks(page)
    move(page, "ArrowLeft")
    move(page, "ArrowLeft")
    expect(page.get_by_text("behind by 2 epochs")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile(rf"LSTM layer 1, epoch {here - 2}\b"))).to_have_count(3)
    wait_for(lambda: masks(page) != picture)

    press(page, "Step one epoch")
    expect(page.get_by_text("behind by 3 epochs")).to_be_visible()
    expect(status(page)).to_contain_text("paused")
    press(page, "Resume")
    expect(page.get_by_text(re.compile(r"behind by ([5-9]|\d\d+) epochs"))).to_be_visible()
    assert shown_epoch(page) == here - 2  # never pulled back
    press(page, "Follow live")
    expect(page.get_by_text("following live")).to_be_visible()
    wait_for(lambda: shown_epoch(page) > here)
    press(page, "Stop")
    expect(status(page)).to_contain_text("stopped")
    expect(page.get_by_text("Stopped: Resume continues exactly where it was.")).to_be_visible()


@pytest.mark.slow
def test_the_real_trainer_is_started_stopped_and_resumed(page: Page, explorer: Serve, tmp_path: Path) -> None:
    page.goto(explorer(command=SMALL_TRAINER))
    page.get_by_role("button", name="Erdős–Rényi").click()
    press(page, "Start training")
    expect(status(page)).to_contain_text(re.compile(r"training · epoch [1-9]\d* of 400"), timeout=90_000)
    expect(page.get_by_role("heading", name=re.compile("validation perplexity"))).to_be_visible()
    press(page, "Stop")
    expect(status(page)).to_contain_text("stopped", timeout=60_000)
    run = Run(tmp_path / "runs" / "demo-erdos_renyi")
    before = max(run.epochs)
    press(page, "Resume")
    expect(page.get_by_text("Continuing demo-erdos_renyi")).to_be_visible()
    wait_for(lambda: max(run.epochs) > before, seconds=90)
    expect(status(page)).to_contain_text("training")


@pytest.mark.slow
def test_a_classifier_is_trained_with_another_method(page: Page, explorer: Serve, tmp_path: Path) -> None:
    page.goto(explorer(command=SMALL_TRAINER))
    choose(page, "Preset", "era")
    expect(page.get_by_text("A small sparse classifier on the embedded corpus")).to_be_visible()
    choose(page, "Method", "RigL")
    expect(page.get_by_text("regrow where the dense gradient is largest")).to_be_visible()
    expect(page.get_by_text("ε = 10 decides it")).to_be_visible()
    press(page, "Advanced")
    expect(page.get_by_text("RigL: largest gradient")).to_be_visible()
    choose(page, "Prune rate falls", "along a line")
    press(page, "Start training")
    expect(status(page)).to_contain_text(re.compile(r"training · epoch [2-9]\d* of 400"), timeout=90_000)
    expect(page.get_by_role("heading", name=re.compile(r"validation accuracy \d+\.\d%, train"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"[\d,]+ of [\d,]+ weights active in all layers"))).to_be_visible()
    curve = page.locator(".card.learning canvas").first.bounding_box()
    assert curve["height"] > 100
    press(page, "Stop")
    expect(status(page)).to_contain_text("stopped", timeout=60_000)
    sparsity = Run(tmp_path / "runs" / "era-rigl-erdos_renyi").config.sparsity
    assert (sparsity.method, sparsity.schedule, sparsity.regrow) == ("rigl", "linear", "auto")


def test_what_a_method_fixes_is_not_offered(settled: Page) -> None:
    page = settled
    choose(page, "Method", "Dense")
    expect(page.get_by_role("textbox", name="Density")).to_be_disabled()
    expect(page.get_by_text("Every weight of Dense is active").first).to_be_visible()
    press(page, "Advanced")
    expect(page.get_by_text(re.compile("Prune, Regrow, Redistribution.*never changes its topology"))).to_be_visible()
    expect(page.get_by_role("combobox", name="Regrow")).to_have_count(0)
    choose(page, "Method", "SNFS")
    expect(page.get_by_text("SNFS: largest momentum")).to_be_visible()


def test_a_failed_start_is_told_beside_the_button(page: Page, explorer: Serve) -> None:
    page.goto(explorer("--fail", "early"))
    press(page, "Start training")
    expect(page.get_by_text("ended with exit code 3")).to_be_visible()
    expect(page.get_by_text("no module named torch")).to_be_visible()
    expect(page.get_by_role("button", name="Start training")).to_be_enabled()


def test_a_training_that_fails_says_why(page: Page, explorer: Serve) -> None:
    page.goto(explorer("--delay", "0.3", "--fail", "late"))
    press(page, "Start training")
    expect(page.get_by_role("alert")).to_contain_text("the loss is not finite in epoch 2")
    expect(status(page)).to_contain_text("failed · epoch 1 of 8")


def test_a_value_out_of_range_is_told_beside_its_field(settled: Page) -> None:
    page = settled
    field = page.get_by_role("textbox", name="Density")
    field.fill("1.5")
    press(page, "Start training")
    expect(page.get_by_text("must be above 0 and at most 1")).to_be_visible()
    expect(page.get_by_text("Not started")).to_be_visible()
    field.fill("0.5")
    field.press("Enter")
    expect(page.get_by_text("must be above 0 and at most 1")).to_have_count(0)


def test_every_view_follows_the_slider_and_the_player(settled: Page) -> None:
    page = settled
    picture = steady_masks(page)
    move(page, "Home")
    expect(page.get_by_role("heading", name=re.compile(r"[Ee]poch 0\b"))).to_have_count(4)
    wait_for(lambda: masks(page) != picture)
    press(page, "Play the epochs")
    expect(page.get_by_role("button", name="Stop playing")).to_be_visible()
    wait_for(lambda: shown_epoch(page) >= 2)
    press(page, "Stop playing")
    expect(page.get_by_role("button", name="Play the epochs")).to_be_visible()
    move(page, "End")
    expect(page.get_by_role("heading", name=re.compile(r"[Ee]poch 12\b"))).to_have_count(4)
    wait_for(lambda: masks(page) == picture)


def test_layers_and_runs_are_changed_without_a_fault(page: Page, explorer: Serve, recorded: Path) -> None:
    make_run(recorded / "other", preset("demo", epochs=3), epochs=3, hidden=40)
    page.goto(explorer())
    choose(page, "Run", "other")
    expect(page.get_by_role("heading", name=re.compile("LSTM layer 1, epoch 3"))).to_have_count(3)
    for layer in ("Embedding", "Decoder", "LSTM layer 2"):
        choose(page, "Layer", layer)
        expect(page.get_by_role("heading", name=re.compile(f"{layer}, epoch 3"))).to_have_count(3)
    expect(page.locator(".card.masks canvas").nth(1)).to_be_visible()
    choose(page, "Run", "demo-uniform")
    expect(page.get_by_role("heading", name=re.compile("LSTM layer 2, epoch 12"))).to_have_count(3)
    choose(page, "Run", "other")
    expect(page.get_by_role("heading", name=re.compile("LSTM layer 2, epoch 3"))).to_have_count(3)


def test_viewers_share_a_run_and_closing_one_stops_nothing(
    page: Page, browser: Browser, explorer: Serve, tmp_path: Path
) -> None:
    url = explorer("--delay", "0.6", "--epochs", "200")
    page.goto(url)
    press(page, "Start training")
    expect(status(page)).to_contain_text(re.compile(r"epoch [1-9]\d* of 200"))
    move(page, "Home")
    expect(page.get_by_text(re.compile("behind by"))).to_be_visible()
    wait_for(lambda: shown_epoch(page) == 0)
    faults: list[str] = []
    other = browser.new_page()
    guard(other, faults)
    other.goto(url)
    expect(other.get_by_text("following live")).to_be_visible()
    assert shown_epoch(page) == 0
    page.goto("about:blank")
    other.close()
    assert faults == []
    run = Run(tmp_path / "runs" / "demo-uniform")
    there = max(run.epochs)
    wait_for(lambda: max(run.epochs) > there + 1)
    page.goto(url)
    expect(status(page)).to_contain_text("training")


def box(page: Page, place: str) -> dict[str, float]:
    found = page.locator(place).bounding_box()
    assert found is not None
    return found


def test_the_first_screen_shows_everything_at_1400_by_900(settled: Page) -> None:
    page = settled
    player = box(page, ".player")
    assert player["y"] + player["height"] == pytest.approx(900, abs=1)
    for card in CARDS:
        place = box(page, f".card.{card}")
        assert place["x"] >= 272
        assert place["x"] + place["width"] <= 1400
        assert place["y"] + place["height"] <= player["y"]
        for figure in page.locator(f".card.{card} .bk-Figure").all():
            inner = figure.bounding_box()
            assert inner["height"] > 100
            assert inner["y"] + inner["height"] <= place["y"] + place["height"]


@pytest.mark.parametrize("width", [900, 700])
def test_cards_are_stacked_where_it_is_narrow(settled: Page, width: int) -> None:
    page = settled
    page.set_viewport_size({"width": width, "height": 900})
    wait_for(lambda: box(page, ".card.learning")["y"] > box(page, ".card.masks")["y"])
    tops = [box(page, f".card.{card}")["y"] for card in CARDS]
    assert tops == sorted(tops)
    assert len({round(box(page, f".card.{card}")["x"]) for card in CARDS}) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for card in CARDS:
        place = box(page, f".card.{card}")
        assert place["x"] + place["width"] <= width
    assert box(page, ".player")["y"] < 900  # always in sight
    page.locator(".card.distance").scroll_into_view_if_needed()
    assert box(page, ".player")["y"] + box(page, ".player")["height"] == pytest.approx(900, abs=1)


def test_a_narrow_window_begins_with_the_views_alone(page: Page, finished: str) -> None:
    page.set_viewport_size({"width": 900, "height": 900})
    page.goto(finished)
    expect(page.get_by_role("button", name="Open drawer")).to_be_visible()
    wait_for(lambda: box(page, ".card.masks")["x"] < 100)
    assert len({round(box(page, f".card.{card}")["x"]) for card in CARDS}) == 1  # below one another
    press(page, "Open drawer")
    wait_for(lambda: box(page, ".card.masks")["x"] >= 272)
    expect(page.get_by_role("button", name="Start training")).to_be_visible()


def test_a_range_of_magnitudes_lights_its_weights_by_mouse_and_by_keyboard(settled: Page) -> None:
    page = settled
    picture, legend = steady_masks(page), page.locator(".card.masks").get_by_text("not lit")
    plot = page.locator(".card.magnitudes canvas").first.bounding_box()
    middle = plot["y"] + plot["height"] / 2
    page.mouse.move(plot["x"] + 0.55 * plot["width"], middle)
    page.mouse.down()
    page.mouse.move(plot["x"] + 0.7 * plot["width"], middle, steps=4)
    page.mouse.up()
    expect(legend).to_be_visible()
    wait_for(lambda: masks(page) != picture)
    press(page, "Light all weights")
    expect(legend).to_have_count(0)
    wait_for(lambda: masks(page) == picture)
    page.locator(".card.magnitudes").get_by_role("slider").first.press("ArrowRight")
    expect(legend).to_be_visible()


def test_the_dark_theme_reaches_page_and_plots(settled: Page) -> None:
    page = settled

    def background(place: str) -> str:
        return page.locator(place).evaluate("element => getComputedStyle(element).backgroundColor")

    light, picture = background(".card.masks"), masks(page)
    press(page, "Toggle theme")
    wait_for(lambda: background(".card.masks") != light)
    wait_for(lambda: masks(page) != picture)
    move(page, "ArrowLeft")
    expect(page.get_by_role("heading", name=re.compile(r"[Ee]poch 11\b"))).to_have_count(4)


def test_a_server_that_went_away_is_told_of(browser: Browser, explorer: Serve, recorded: Path) -> None:
    page = browser.new_page()
    page.goto(explorer())
    expect(page.get_by_role("heading", name=re.compile(r"[Ee]poch 12\b"))).to_have_count(4)
    explorer.stop()
    expect(page.get_by_role("alert")).to_contain_text("does not answer any more")
    page.close()


def test_a_run_is_rewound_and_forked_with_another_prune_rate(page: Page, explorer: Serve, tmp_path: Path) -> None:
    path = tmp_path / "runs" / "demo-uniform"
    with RunWriter(path, preset("demo", epochs=6)) as writer:
        for snapshot in snapshots(epochs=6, hidden=16):
            writer.append(snapshot)
            writer.checkpoint(snapshot.epoch, {}, {})
    page.goto(explorer("--delay", "0.3"))
    expect(page.get_by_text("Epoch 6 is the last. To go on from an earlier one, show it: 0–5.")).to_be_visible()
    for epoch in (5, 4):
        press(page, "Previous epoch")
        expect(page.get_by_role("button", name=f"Fork from epoch {epoch}")).to_be_enabled()
    press(page, "Fork from epoch 4")
    expect(page.get_by_text("With nothing changed the fork repeats the run exactly")).to_be_visible()
    rate = page.locator(".fork").get_by_role("textbox", name="Prune rate")
    expect(rate).to_have_value("0.5")
    rate.fill("1.2")
    rate.press("Tab")
    expect(page.get_by_text("must be between 0 and 1")).to_be_visible()
    rate.fill("0.2")
    rate.press("Tab")
    expect(page.get_by_text("Changed: prune rate 0.2.")).to_be_visible()
    press(page, "Start fork")
    expect(page.get_by_role("combobox", name="Run", exact=True)).to_contain_text("↳ demo-uniform-e4 · prune rate 0.2")
    expect(page.get_by_text("Fork of demo-uniform at epoch 4: prune rate 0.2.")).to_be_visible()
    compare = page.get_by_role("link", name="Compare the two")
    assert compare.get_attribute("href") == "./compare?runs=demo-uniform,demo-uniform-e4-prune_rate-0.2"
    expect(page.get_by_role("link", name="Fork of demo-uniform at epoch 4: prune rate 0.2")).to_be_visible()
    expect(status(page)).to_contain_text("finished · 6 epochs")
    assert shown_epoch(page) == 6  # followed while it trained
    choose(page, "Run", "demo-uniform")
    expect(page.get_by_text("At epoch 4 demo-uniform-e4-prune_rate-0.2 branches off: prune rate 0.2.")).to_be_visible()
    lane = page.get_by_role("link", name="demo-uniform-e4-prune_rate-0.2 branches off at epoch 4: prune rate 0.2;")
    expect(lane).to_have_attribute("style", re.compile("^left:66.667%;width:33.333%"))
    assert Run(tmp_path / "runs" / "demo-uniform-e4-prune_rate-0.2").parent == Parent("demo-uniform", 4)
