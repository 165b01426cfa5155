"""Recipes that come with lutdla, a file each: `lutdla train fashion_mlp`. What they reach is in docs/accuracy.md."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """What `recipe_path` knows."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def recipe_path(name: Path | str) -> Path:
    """The file of a recipe: that of a name in `names()`, else the path itself."""
    known = FOLDER / f"{name}.toml"
    return known if str(name) in names() else Path(name)


__all__ = ["names", "recipe_path"]
