"""Pages of docs/ that are written by hand, and the examples in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

WRITTEN = [DOCS / f"{name}.md" for name in ("index", "quick_start", "faq", "explanation", "hardware", "numerics")]
WRITTEN += sorted((DOCS / "how-to").glob("*.md")) + sorted((DOCS / "reference").glob("*.md"))
"""Their examples run, and the files that they name exist."""


def name_of(page: Path) -> str:
    return page.relative_to(DOCS).with_suffix("").as_posix()


def examples(page: Path, language: str) -> list[str]:
    """What stands in the fences of a page that name this language."""
    return re.findall(rf"^```{language}\n(.+?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
