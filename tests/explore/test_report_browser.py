"""The report in a real browser: it opens from disk, draws every plot, and fits small and dark screens."""

import io

import pytest
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from lutdla.explore.report import write_report
from tests.browser import browser, picture, prefer, resize, wait_for
from tests.explore.answers import trained

SHOWN = "section.board:not([hidden])"
DRAWN = (f"document.querySelector('{SHOWN}') && "
         f"[...document.querySelectorAll('{SHOWN} .plot')].every(one => one.querySelector('.xaxislayer-above text'))")
"""Whether all plots of the board that is shown have axes."""


@pytest.fixture(scope="module")
def answers():
    return trained()


@pytest.fixture(scope="module")
def address(answers, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, "net <script>document.title = 'x'</script>", answers)
    return path.as_uri()


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("browser")) as driver:
        yield driver


@pytest.fixture
def page(driver, address):
    """The report, just opened on a light, wide screen."""
    resize(driver, 1280, 900)
    prefer(driver, "light")
    driver.get("about:blank")
    driver.get(address)
    wait_for(driver, DRAWN)
    yield driver
    assert driver.get_log("browser") == []


def count(driver, selector):
    return len(driver.find_elements(By.CSS_SELECTOR, f"{SHOWN} {selector}"))


def colors(driver):
    """Colours of the picture that is seen, the most frequent first."""
    image = Image.open(io.BytesIO(picture(driver))).convert("RGB")
    return [color for _, color in sorted(image.getcolors(1 << 24), reverse=True)]


def test_it_opens_without_a_network(page):
    assert page.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert page.title == "net <script>document.title = 'x'</script> on pynq-z2, zcu104"
    assert "predictions" in page.find_element(By.TAG_NAME, "header").text


def test_every_plot_is_drawn(page, answers):
    assert count(page, ".plot") == count(page, ".plot.js-plotly-plot") == count(page, "figure") == 6
    estimated = "#board-0-rate .xy2 .points path"
    assert count(page, estimated) == len(answers[0].candidates)
    assert count(page, "#board-0-rate .xy .points path") == 2  # that were trained
    assert count(page, "#board-0-layers .barlayer .point") >= len(answers[0].pick.choice.explanation.records)


def test_a_plot_tells_of_a_candidate(page):
    page.execute_script("""
        const place = document.getElementById('board-0-rate');
        place.scrollIntoView();
        Plotly.Fx.hover(place, [{curveNumber: place.data.findIndex(trace => trace.hovertemplate), pointNumber: 0}]);
    """)
    wait_for(page, "document.querySelector('#board-0-rate .hoverlayer .hovertext')")
    said = page.find_element(By.CSS_SELECTOR, "#board-0-rate .hoverlayer").text
    assert "images/s" in said
    assert "ports ×" in said


def test_labels_do_not_lie_on_each_other(page):
    boxes = page.execute_script("""
        return [...document.querySelectorAll(arguments[0])].map(one => one.getBoundingClientRect())
            .map(box => [box.left, box.right, box.top, box.bottom]).filter(box => box[1] > box[0])
    """, f"{SHOWN} #board-0-rate text")
    assert len(boxes) > 10
    for number, (left, right, top, bottom) in enumerate(boxes):
        assert all(right <= a or b <= left or bottom <= c or d <= top for a, b, c, d in boxes[number + 1:])


def test_one_board_at_a_time_is_shown(page, answers):
    assert page.find_element(By.CSS_SELECTOR, SHOWN).get_attribute("data-name") == "pynq-z2"
    Select(page.find_element(By.ID, "board")).select_by_visible_text("zcu104")
    wait_for(page, DRAWN)
    shown = page.find_elements(By.CSS_SELECTOR, SHOWN)
    assert [one.get_attribute("data-name") for one in shown] == ["zcu104"]
    assert "nothing reaches 99.0% & more" in shown[0].text
    assert count(page, "#board-1-rate .points path") == len(answers[1].candidates)
    page.find_element(By.CSS_SELECTOR, "#overview a[href='#board-0']").click()
    wait_for(page, "!document.getElementById('board-0').hidden")
    assert Select(page.find_element(By.ID, "board")).first_selected_option.text == "pynq-z2"


def test_light_and_dark_differ(page):
    light = colors(page)
    assert len(light) > 50  # not blank
    prefer(page, "dark")
    wait_for(page, "getComputedStyle(document.querySelector('.xtick text')).fill === 'rgb(231, 234, 238)'")
    dark = colors(page)
    assert sum(light[0]) > 700
    assert sum(dark[0]) < 120


def test_narrow_screens_do_not_scroll_sideways(page, address):
    resize(page, 360, 800)
    page.get("about:blank")
    page.get(address)
    wait_for(page, DRAWN)
    assert page.execute_script("return [innerWidth, document.documentElement.scrollWidth]") == [360, 360]
    widths = page.execute_script("return [...document.querySelectorAll(arguments[0])].map(one => one.clientWidth)",
                                 f"{SHOWN} .main-svg")
    assert widths
    assert all(width < 360 for width in widths)
