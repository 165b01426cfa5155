"""Builds the documentation site: `python docs/site/build.py --out build/site`. Any warning is an error.

Sphinx reads a copy of the pages in which

* notebooks are notebooks: made of their scripts, not run;
* links to files that are no pages, which lead somewhere in the repository only, are the files' names;
* `<!-- commands -->` is the reference of the command line, made of the application itself;
* pages that no table of contents names are under "More".
"""

import argparse
import posixpath
import re
import shutil
import sys
import tempfile
from pathlib import Path

import jupytext
from sphinx.cmd.build import main as sphinx
from typer import Context
from typer.cli import get_docs_for_click
from typer.main import get_command

from lutdla.cli import application

HERE = Path(__file__).parent
DOCS, ROOT = HERE.parent, HERE.parents[1]

PROJECT = {path.name: f"{path.stem.lower()}.md" for path in ROOT.glob("*.md") if path.name != "README.md"}
"""Pages that are at the top of the repository -> what they are called here. README stands for the quick start."""

LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```", re.MULTILINE | re.DOTALL)


def stage(folder: Path) -> None:
    """Write the copy that Sphinx reads into a folder that is not there yet."""
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("site", "__pycache__"))
    for name, page in PROJECT.items():
        (folder / page).write_text(relinked((ROOT / name).read_text(), ROOT), encoding="utf-8")
    for path in folder.rglob("*.md"):
        original = DOCS / path.relative_to(folder)
        if original.is_file():
            text = relinked(original.read_text(), original.parent)
            path.write_text(text.replace("<!-- commands -->", commands()), encoding="utf-8")
    for script in notebooks():
        notebook = jupytext.read(script, fmt="py:percent")
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = relinked(cell.source, script.parent)
        jupytext.write(notebook, folder / "tutorials" / f"{script.stem}.ipynb")
    index = folder / "decisions" / "README.md"
    index.write_text(index.read_text() + "\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n", encoding="utf-8")
    add_the_rest(folder)


def notebooks() -> list[Path]:
    """Scripts of the notebooks, in order."""
    return sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.py"))


def relinked(text: str, folder: Path) -> str:
    """A page's text, of which each link leads to a page of the site or is no link.

    Args:
        text: Markdown.
        folder: where the page is in the repository.
    """
    def replace(link: re.Match[str]) -> str:
        label, target, anchor = link[1], link[2], link[3] or ""
        if "://" in target or target.startswith("mailto:"):
            return link[0]
        path = (folder / target).resolve()
        inside = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
        if path.is_relative_to(DOCS) and path.suffix in (".md", ".svg", ".png"):
            page = path.relative_to(DOCS).as_posix()
        elif inside in PROJECT:
            page = PROJECT[inside]
        elif path.suffix in (".ipynb", ".py") and path.stem in [script.stem for script in notebooks()]:
            page = f"tutorials/{path.stem}.ipynb"
        elif path == DOCS / "decisions":
            page = "decisions/README.md"
        elif inside == "README.md":
            page = "quick_start.md"
        else:
            return label if inside in label.replace("`", "") else f"{label} (`{inside}`)"
        return f"[{label}](/{page}{anchor})"

    return LINK.sub(replace, text)


def commands() -> str:
    """The reference of the command line, in Markdown."""
    command = get_command(application())
    made = get_docs_for_click(obj=command, ctx=Context(command, info_name="lutdla"), name="lutdla")
    pages = made[made.index("\n## ") + 1 :]  # its list of commands cuts their descriptions
    rows = re.findall(r"^## (`[^`]+`)\n\n(.+?)\n\n", pages, re.MULTILINE | re.DOTALL)
    listed = "\n".join(f"| {name} | {' '.join(about.split())} |" for name, about in rows)
    return f"| command | does |\n| --- | --- |\n{listed}\n\n{pages.strip()}"


def add_the_rest(folder: Path) -> None:
    """Name pages that no table of contents names in the one of index.md whose caption is More."""
    pages = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.md")}
    named = {"index"}
    for page in pages:
        for tree in TOCTREE.findall((folder / f"{page}.md").read_text()):
            for line in tree.splitlines():
                entry = re.sub(r".*<(.+)>", r"\1", line.strip())
                inside = posixpath.normpath(posixpath.join(posixpath.dirname(page), entry))
                named |= {at for at in pages if Path(at).match(inside)} if entry else set()
    index = folder / "index.md"
    rest = "\n".join(sorted(pages - named))
    index.write_text(index.read_text().replace("% more", rest), encoding="utf-8")


def build(out: Path) -> int:
    """Write the site into a folder; returns Sphinx's exit status."""
    with tempfile.TemporaryDirectory(prefix="lutdla-site-") as scratch:
        source = Path(scratch) / "docs"
        stage(source)
        return sphinx(["-W", "--keep-going", "-q", "-b", "html", "-c", str(HERE), "-d", f"{scratch}/doctrees",
                       str(source), str(out)])


def main(arguments: list[str] | None = None) -> int:
    """Build the site."""
    parser = argparse.ArgumentParser(description="Build the documentation site.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site", help="folder to write into (build/site)")
    out: Path = parser.parse_args(arguments).out
    status = build(out)
    if not status:
        sys.stdout.write(f"{out / 'index.html'}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
