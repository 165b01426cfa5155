import io

from rich.console import Console

from lutdla.nn import LUTBoost, Stage
from lutdla.nn.boost.progress import LiveProgress
from tests.nn.boost.runs import part
from tests.nn.small import dense, examples


def shown(**options):
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    boost = LUTBoost(dense(), stages=[Stage("centroids", 1, 0.5), Stage("joint", 1, 0.2)],
                     convert_options={"iterations": 0})
    with LiveProgress(console, **options) as progress:
        boost.fit(part(600), validation=examples()[2:], progress=progress)
    return console.file.getvalue(), boost.history.rows


def test_bars_show_stages_loss_and_score():
    text, rows = shown()
    for row in rows:
        assert row["stage"] in text
        assert f"loss {row['loss']:.3f}, accuracy {row['validation']:.4f}" in text
    assert "2/2" in text


def test_other_processes_show_nothing():
    assert shown(shown=False)[0] == ""
