"""A watched call: its figures, its text, its panel."""

import builtins
import io
import sys
import types

import numpy as np
import pytest

import lutdla
from lutdla.errors import InputError, ToolError
from lutdla.runtime.profile import Profile
from lutdla.runtime.watch import Watch, WatchState
from lutdla.runtime.watch_views import Panel, TextLine, curve_svg, newest_html, png
from lutdla.spec.config import CoreConfig
from tests.remote.serving import MODEL, NOTEBOOKS

DIGITS = np.load(NOTEBOOKS / "models" / "digits.npz")
IMAGES, LABELS = DIGITS["images"], DIGITS["labels"]


class Counting:
    """A network that says the first pixel of each image, on a core that counts cycles."""

    def __init__(self):
        self.profile = Profile()

    def __call__(self, x, *, timeout_s=None):
        n = len(x)
        self.profile = Profile(config=CoreConfig(ports=4, blocks=4), cycle_exact=True, images=n, lookups=80 * n,
                               cycles=10 * n)  # fmt: skip
        return np.eye(10, dtype=np.float32)[x.reshape(n, -1)[:, 0]]


class Screen:
    """A view that keeps what it was told."""

    def __init__(self):
        self.shown, self.closed = [], None

    def update(self, state):
        self.shown.append(state.images)

    def close(self, state):
        self.closed = state.images


def pictures(*first):
    return np.array([[[value, 0], [0, 0]] for value in first])


def test_results_are_those_of_the_network():
    with lutdla.open("emulator") as accelerator:
        network = accelerator.load(MODEL)
        watch = network.watch(IMAGES, labels=LABELS, batch=32, view="none")
        np.testing.assert_array_equal(watch.run(), network(IMAGES))
    state = watch.state
    assert (state.images, state.batches, state.total, state.right) == (100, 4, 100, 93)
    assert state.utilization is None, "the emulator counts no cycles"
    assert state.cycles_per_image is None
    assert state.images_per_s > 0


def test_figures_of_a_device_that_counts():
    watch = Watch(Counting(), pictures(1, 2, 3, 4), labels=[1, 2, 3, 5], batch=3, view="none")
    assert [len(results) for results in watch] == [3, 1]
    state = watch.state
    assert (state.accuracy, state.utilization, state.cycles_per_image) == (0.75, 0.5, 10)
    assert (state.prediction, state.label) == (4, 5)
    assert [name for name, _ in state.rows()] == ["images", "images a second", "utilization", "cycles an image",
                                                  "accuracy"]  # fmt: skip


def test_a_stream_of_batches_has_no_end_and_may_bring_labels():
    batches = iter([(pictures(1, 2), [1, 1]), (pictures(3), [3])])
    watch = Watch(Counting(), batches, view="none")
    assert len(watch.run()) == 3
    assert (watch.state.total, watch.state.right) == (None, 2)
    watch = Watch(Counting(), (pictures(i) for i in range(5)), view="none")
    assert len(watch.run()) == 5
    assert watch.state.accuracy is None


def test_a_loop_that_is_left_early_leaves_the_last_figures(monkeypatch):
    screen = Screen()
    monkeypatch.setattr("lutdla.runtime.watch_views.open_view", lambda name, state: screen)
    for _ in Watch(Counting(), pictures(*range(9)), batch=2, every_s=0):
        if len(screen.shown) == 2:
            break
    assert (screen.shown, screen.closed) == ([2, 4], 4)


def test_drawing_waits_its_time(monkeypatch):
    screen = Screen()
    monkeypatch.setattr("lutdla.runtime.watch_views.open_view", lambda name, state: screen)
    Watch(Counting(), pictures(*range(9)), batch=1, every_s=1000).run()
    assert (screen.shown, screen.closed) == ([1], 9)


@pytest.mark.parametrize(("options", "message"), [
    ({"batch": 0}, "batch is 0: it must be a whole number, 1 or more"),
    ({"labels": [1, 2]}, r"labels have shape \(2,\): they must be \(3,\), one for each image"),
    ({"view": "film"}, "view is 'film': use one of auto, widgets, text, none"),
])  # fmt: skip
def test_settings_that_cannot_be(options, message):
    with pytest.raises(InputError, match=message):
        Watch(Counting(), pictures(1, 2, 3), **options).run()


def test_more_settings_that_cannot_be():
    with pytest.raises(InputError, match=r"images have shape \(3,\)"):
        Watch(Counting(), [1, 2, 3])
    with pytest.raises(InputError, match="beside an iterator"):
        Watch(Counting(), iter([pictures(1)]), labels=[1])
    with pytest.raises(InputError, match="nothing to run"):
        Watch(Counting(), pictures(1)[:0], view="none").run()


# -- text --------------------------------------------------------------------------------------------------------------
class Terminal(io.StringIO):
    def isatty(self):
        return True


def states(*counts):
    state = WatchState(total=10, names=tuple("abcdefghij"))
    for n in counts:
        network = Counting()
        images = pictures(*range(n))
        results = network(images)
        state.add(images, results, np.arange(n), network.profile, 0.5)
        yield state


def test_a_terminal_shows_one_line_again_and_again():
    line = TextLine(stream := Terminal())
    for state in states(2, 3):
        line.update(state)
    line.close(state)
    first, second, last = stream.getvalue().split("\r")[1:]
    assert first.startswith("2 of 10 images, 4 images a second, 50.0% utilization, 10.0 cycles an image")
    assert second.rstrip() == last.rstrip()
    assert "100.00% accuracy, last: c (right)" in last
    assert last.endswith("\n")


def test_a_file_gets_one_line():
    line = TextLine(stream := io.StringIO())
    for state in states(2, 3):
        line.update(state)
    line.close(state)
    assert stream.getvalue().count("\n") == 1
    assert "\r" not in stream.getvalue()


def test_without_a_notebook_it_is_text(capsys):
    Watch(Counting(), pictures(7), names=["zero"]).run()
    assert "1 of 1 images" in (said := capsys.readouterr().out)
    assert "last: 7" in said


def test_a_notebook_without_widgets_gets_text(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=Shell))
    monkeypatch.setattr("lutdla.runtime.watch_views.find_spec", lambda name: None)
    Watch(Counting(), pictures(7), labels=[8]).run()
    assert "last: 7 (it is 8)" in capsys.readouterr().out


class Shell:
    kernel = True


def test_widgets_that_are_not_there_are_named(monkeypatch):
    import_ = builtins.__import__

    def without(name, *arguments, **options):
        if name == "ipywidgets":
            raise ImportError(name)
        return import_(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ToolError, match=r"pip install 'lutdla\[notebooks\]', or use view='text'"):
        Watch(Counting(), pictures(7), view="widgets").run()


# -- the panel ---------------------------------------------------------------------------------------------------------
def test_the_panel_shows_figures_image_and_bars(capsys):
    state = WatchState(total=10)
    panel = Panel(state)
    for state in states(2, 3):
        panel.update(state)
    assert panel.progress.value == 5
    assert "50.0%" in panel.figures.value
    assert "<polyline" in panel.figures.value
    assert "data:image/png;base64," in panel.newest.value
    assert "c (right)" in panel.newest.value
    assert panel.newest.value.count("<tr") == 10
    panel.close(state)
    assert panel.progress.bar_style == "warning", "five images are missing"
    assert "VBox" in capsys.readouterr().out, "it was displayed"


def test_names_of_classes_cannot_break_the_panel():
    state = WatchState(names=("<script>",))
    network = Counting()
    state.add(pictures(0), network(pictures(0)), None, network.profile, 1.0)
    assert "<script>" not in newest_html(state)
    assert "&lt;script&gt;" in newest_html(state)


@pytest.mark.parametrize(("shape", "size"), [
    ((8, 6), (6, 8)), ((1, 8, 6), (6, 8)), ((3, 8, 6), (6, 8)), ((8, 6, 3), (6, 8)), ((8, 6, 1), (6, 8)),
    ((64,), None), ((16, 8, 6), None), ((1, 40), None),
])  # fmt: skip
def test_what_is_a_picture(shape, size):
    from PIL import Image

    made = png(np.arange(np.prod(shape)).reshape(shape))
    assert (None if made is None else Image.open(io.BytesIO(made)).size) == size


def test_a_picture_of_one_grey_is_no_division_by_zero():
    assert png(np.full((4, 4), 3)) is not None


def test_a_curve_needs_two_values():
    assert curve_svg([1.0]) == ""
    assert "240.0,0" not in curve_svg([0.0, 0.0])
