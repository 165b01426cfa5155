import re
from pathlib import Path

import pytest

from lutdla.spec import artefact, document, packets, program, registers
from lutdla.spec.config import CoreConfig

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", document.pages())
def test_committed_pages_are_up_to_date(name):
    assert (DOCS / name).read_text() == document.pages()[name], f"docs/{name} is out of date: run make docs"


def test_pages_name_everything_in_the_tables():
    pages = document.pages()
    for register in registers.REGISTERS:
        assert f"`{register.offset:#05x}` | `{register.name}`" in pages["registers.md"]
    for code in packets.ErrorCode:
        assert f"| {code.value} | `{code.name}` | {packets.ERROR_TEXT[code]} |" in pages["packets.md"]
    for name, _ in program.record_fields(CoreConfig()):
        assert f"`{name}`" in pages["program.md"]
    for name in (*artefact.TENSORS, *artefact.HEADER_KEYS):
        assert f"`{name}`" in pages["artefact.md"]


def test_bits_of_a_record_are_counted_without_gaps():
    rows = [line.split(" | ") for line in document.pages()["program.md"].splitlines() if line.startswith("| ")]
    at = 0
    for bits, _, width, *_ in rows[2:]:
        high, _, low = bits.removeprefix("| ").partition(":")
        assert int(low or high) == at
        at += int(width)
        assert int(high) == at - 1
    assert at == 8 * program.record_bytes(CoreConfig())


def test_main_writes_the_pages(tmp_path, capsys):
    document.main(["--out", str(tmp_path / "new")])
    assert {path.name for path in (tmp_path / "new").iterdir()} == set(document.pages())
    assert "registers.md" in capsys.readouterr().out


def test_links_in_the_documents_lead_somewhere():
    for page in (*DOCS.rglob("*.md"), *DOCS.parent.glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
