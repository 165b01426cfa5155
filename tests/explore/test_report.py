"""The report's text: complete, escaped, and without anything that comes from a network."""

import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import plotly.graph_objects as go
import pytest

from lutdla.errors import ToolError
from lutdla.explore.choice import Choice
from lutdla.explore.plot_pick import use_plot
from lutdla.explore.plot_ways import measures, rate_plot, size_plot
from lutdla.explore.report import report, write_report
from lutdla.page.network_plots import MOST_BESIDE, layer_plot, memory_plots
from lutdla.page.plot_parts import MOST_LETTERS, short
from tests.explore.answers import trained, untrained

TITLE = "net <script>alert('x')</script> & \"more\""


class Page(HTMLParser):
    """What a page consists of: elements with their attributes, texts of table cells, scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.cells, self.scripts, self.styles, self._open = [], [], [], "", None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self._open = tag
        self.elements.append((tag, dict(attributes)))
        if tag == "td":
            self.cells.append("")
        elif tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        self._open = None

    def handle_data(self, data):
        if self._open in ("td", "a", "span") and self.cells:
            self.cells[-1] += data.strip()
        elif self._open == "script":
            self.scripts[-1] += data
        elif self._open == "style":
            self.styles += data

    def figures(self):
        (at,) = [number for number, (_, attributes) in enumerate(e for e in self.elements if e[0] == "script")
                 if attributes.get("id") == "figures"]
        return json.loads(self.scripts[at])


def layers_of(choice):
    return layer_plot(choice.explanation, choice.cycles_per_image)


@pytest.fixture(scope="module")
def answers():
    return trained()


@pytest.fixture(scope="module")
def text(answers):
    return report(TITLE, answers)


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_nothing_is_loaded(page):
    loads = [value for tag, attributes in page.elements for name, value in attributes.items()
             if name in ("src", "href", "srcset", "data", "action", "poster")]
    assert loads
    assert all(value.startswith(("#", "data:")) for value in loads)
    assert "@import" not in page.styles
    assert "url(" not in page.styles
    (policy,) = [attributes["content"] for _, attributes in page.elements if "http-equiv" in attributes]
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy


def test_every_candidate_is_in_the_table(answers, page):
    for answer in answers:
        for one in answer.candidates:
            for cell in (f"{one.choice.cycles_per_image:,.0f}", f"{one.choice.images_per_s:,.0f}",
                         f"{one.choice.table_bytes:,}", f"{one.choice.energy_uj:,.1f}"):
                assert cell in page.cells
            assert any(cell.startswith(f"v={one.v} c={one.c} {one.metric}") for cell in page.cells)
    assert "v=2 c=8 l2+2" in [cell.replace(" +", "+") for cell in page.cells]
    assert page.cells.count("★") == 1


def test_all_reasons_and_the_warning_are_said(answers, text):
    for answer in answers:
        for line in answer.why:
            assert f"<li>{line.replace('&', '&amp;')}</li>" in text
    assert "Cycles, clock, rate, latency, area and energy are predictions." in text
    corrected = report(TITLE, answers, "as Vivado <says>")
    assert "as Vivado &lt;says&gt;" in corrected
    assert "what yosys says of the core alone" not in corrected
    assert "Accuracy was measured after a short training." in text
    assert re.search(r"lutdla [^,]+, plotly\.js \d", text)


def test_names_are_escaped(answers):
    hostile = "</script><img src=x onerror=alert(1)>"
    small = answers[0]
    found = small.pick.choice.explanation
    records = tuple(replace(one, layer=hostile) for one in found.records)
    regions = tuple(replace(one, name=hostile) for one in found.regions)
    choice = replace(small.pick.choice, explanation=replace(found, records=records, regions=regions))
    pick = replace(small.pick, choice=choice, layers=((hostile.replace(" ", "_"), 2),))
    one = replace(small, limits=replace(small.limits, name=hostile), candidates=(pick,), pick=pick, why=(hostile,))
    page, plain = Page(report(TITLE, [one])), Page(report("net", [small]))
    assert not [tag for tag, _ in page.elements if tag == "img"]
    assert len(page.scripts) == len(plain.scripts) == 3
    assert "<img" not in json.dumps(page.figures())  # Plotly reads labels as HTML


def test_plots_are_what_plotly_takes(answers):
    for answer in (*answers, *untrained()):
        plots = [rate_plot(answer), size_plot(answer)]
        if answer.pick is not None:
            choice = answer.pick.choice
            plots += [use_plot(answer.limits, choice), layers_of(choice), *memory_plots(choice.explanation)]
        for plot in plots:
            if plot is not None:
                go.Figure(plot.figure)  # refuses names and values that it does not know


def points(figure, axis):
    return sum(len(trace["x"]) for trace in figure["data"] if trace.get("hovertemplate") and trace["yaxis"] == axis)


def test_every_candidate_is_a_point(answers):
    small, large = answers
    figure = rate_plot(small).figure
    assert (points(figure, "y"), points(figure, "y2")) == (2, 3)  # trained, and estimated
    assert points(size_plot(small).figure, "y2") == 3
    assert points(rate_plot(large).figure, "y") == len(large.candidates)


def test_what_is_not_known_leaves_no_empty_panel(answers):
    unknown, _ = untrained()
    assert measures(unknown.candidates) == []
    assert size_plot(unknown) is None
    assert "yaxis2" not in rate_plot(unknown).figure["layout"]
    estimated = replace(answers[0], candidates=tuple(replace(one, accuracy=None) for one in answers[0].candidates))
    assert "yaxis2" not in rate_plot(estimated).figure["layout"]
    assert "loss" in rate_plot(estimated).figure["layout"]["annotations"][0]["text"]
    text = report("net", [unknown])
    assert "Accuracy was measured" not in text
    assert 'id="overview"' not in text  # one board needs no choice


def test_cycles_of_layers_are_all_cycles(answers):
    choice = answers[0].pick.choice
    bars = layers_of(choice).figure["data"]
    assert sum(sum(bar["x"]) for bar in bars) == pytest.approx(choice.cycles_per_image)
    waits = sum(one.waits for one in choice.explanation.records) / choice.images
    assert sum(bars[2]["x"]) == pytest.approx(waits)


def test_many_layers_have_a_plot_across_the_page(answers):
    choice = answers[0].pick.choice
    found = choice.explanation
    records = tuple(replace(found.records[0], layer=f"layer{number}") for number in range(MOST_BESIDE + 1))
    many = layers_of(replace(choice, explanation=replace(found, records=records)))
    assert many.group != use_plot(answers[0].limits, choice).group == layers_of(choice).group
    assert many.figure["layout"]["height"] > layers_of(choice).figure["layout"]["height"]


def test_shares_of_the_board_are_whole(answers):
    small = answers[0]
    bars = use_plot(small.limits, small.pick.choice).figure["data"]
    assert [sum(each) for each in zip(*(bar["x"] for bar in bars), strict=True)] == pytest.approx([1] * 4)
    assert bars[0]["x"] == [small.pick.choice.shares[name] for name in ("lut", "ff", "ramb36", "dsp")]


def test_maps_of_a_memory_do_not_overlap(answers):
    choice: Choice = answers[0].pick.choice
    plots = list(memory_plots(choice.explanation))
    assert [plot.title for plot in plots] == ["Index memory", "Table memory"]
    for plot in plots:
        (bars,) = plot.figure["data"]
        boxes = [(x - w / 2, x + w / 2, low, low + size)
                 for x, w, low, size in zip(bars["x"], bars["width"], bars["base"], bars["y"], strict=True)]
        for number, (left, right, low, high) in enumerate(boxes):
            assert all(right <= a or b <= left or high <= c or d <= low for a, b, c, d in boxes[number + 1:])


def test_long_names_keep_their_ends():
    name = "encoder.layers.11.attention.output"
    assert short(name) == "encode…ention.output"
    assert len(short(name)) == MOST_LETTERS
    assert short("a<b") == "a&lt;b"


def test_a_missing_package_is_named(answers, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(ToolError, match=r"plotly.* is not installed: pip install 'lutdla\[explore\]'"):
        write_report(tmp_path / "report.html", "net", answers)
    assert not (tmp_path / "report.html").exists()
