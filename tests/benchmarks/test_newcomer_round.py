"""A newcomer does what README and quick start say, in a clone of the last commit: the short round."""

import pytest

from benchmarks.newcomer import measure


@pytest.mark.timeout(600)
def test_everything_is_as_the_documents_say(tmp_path):
    done = measure(tmp_path, quick=True)
    assert len(done) >= 10
    assert [(one.name, one.problem, one.output[-2000:]) for one in done if one.problem] == []
