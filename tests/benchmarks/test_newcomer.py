"""What a newcomer reads out of documents, and that a deviation is told."""

import pytest

from benchmarks import newcomer
from benchmarks.newcomer import Done, figures
from benchmarks.newcomer_steps import doable, links, missing, once, short, steps
from benchmarks.record import ROOT

PAGE = """\
# Page

```sh
make demo    # a comment
pip install x \\
    y
```

Quicker: `make demo ARGS="--fast"`.

```console
$ lutdla doctor   # tells
all ... found
```

```python
a = 1
```

```python
print(a)
```

```text
1
```

<!-- newcomer: board -->
```sh
lutdla run
```

[here](there.md#part) and [away](https://example.com)
"""


def test_commands_python_and_promises_are_read():
    found = steps("page.md", PAGE)
    first_lines = [step.code.split("\n")[0] for step in found]
    assert first_lines == ["make demo", "pip install x     y", "lutdla doctor", "a = 1", "lutdla run"]
    assert found[2].promised == ("all ... found",)
    assert (found[3].code, found[3].promised) == ("a = 1\nprint(a)\n", ("1",))
    assert [doable(step) for step in found] == [True] * 4 + [False]
    assert short(found, {"page.md": PAGE})[0].code == 'make demo ARGS="--fast"'
    assert once(found + found) == found
    assert links(PAGE) == ["there.md"]


@pytest.mark.parametrize(("output", "lost"), [
    ("all 3 found", None), ("all  3  found", None), ("none", "all ... found"),
])  # fmt: skip
def test_promises_are_looked_for(output, lost):
    assert missing(("all ... found",), output) == lost


def test_failures_are_counted():
    done = [Done("a", "", seconds=1.0), Done("b", "status 1", seconds=0.5)]
    assert figures(done) == {"steps": 2, "failed": 1, "seconds": 1.5}


def test_the_documents_have_steps_and_their_links_lead_somewhere():
    for name in newcomer.DOCUMENTS:
        text = (ROOT / name).read_text()
        assert steps(name, text)
        assert [link for link in links(text) if not (ROOT / name).parent.joinpath(link).exists()] == []
