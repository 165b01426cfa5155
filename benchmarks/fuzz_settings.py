"""Hostile settings: fields of a core as JSON values, and recipes as TOML files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.fuzz_files import LIMIT_S, change_bytes, change_json, nasty
from lutdla.errors import LutdlaError
from lutdla.faults.campaign import HangError, no_longer_than
from lutdla.nn.boost.recipe_file import read_recipe
from lutdla.recipes import names, recipe_path
from lutdla.spec.config import CoreConfig

WORDS = ("true", "-1", "0", "1e400", "nan", "inf", "0x" + "f" * 5000, "9" * 5000, '""', '"' + "x" * 5000 + '"', "[]",
         "{}", "[" * 5000, "{a=" * 2000, "1979-05-27", '"../../../etc/passwd"', "[[1]]", "'''")  # fmt: skip
"""Values of a TOML file that nobody expects."""


def change_toml(text: str, random: Random) -> str:
    """A recipe with a value replaced, a line dropped or doubled, or a key that is not known."""
    lines = text.splitlines()
    for _ in range(random.randint(1, 3)):
        i, action = random.randrange(len(lines)), random.randrange(5)
        if action < 2:
            lines[i] = re.sub(r"=.*", lambda _: f"= {random.choice(WORDS)}", lines[i])
        elif action == 2:
            lines[i] = ""
        elif action == 3:
            lines.insert(i, lines[i])
        else:
            lines.insert(i, f"{random.choice(('x', 'seed', 'a.b', '[data', '[[stages]]', '[a.b.c]'))} = 1")
    return "\n".join(lines)


class SettingsFuzzer:
    """Makes hostile settings and reads them.

    Args:
        folder: for recipes.
        seed: of everything that is drawn.

    Attributes:
        configs, recipes: cases so far. read: of both, those that were read without an error.
        crashes: descriptions of what must not happen: anything but an object or an error of lutdla.
    """

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder, self.random = folder, Random(seed)
        self._recipes = [recipe_path(name).read_text(encoding="utf-8") for name in names()]
        self.configs = self.recipes = self.read = 0
        self.crashes: list[str] = []

    def one_config(self) -> None:
        """A core, of changed fields."""
        values: Any = json.loads(json.dumps(CoreConfig().to_dict()))
        for _ in range(self.random.randint(1, 3)):
            values = change_json(values, self.random) if isinstance(values, dict) else values
        if self.random.random() < 0.05:
            values = nasty(self.random)
        self.configs += 1
        self._use(lambda: CoreConfig.from_dict(values), f"core of {str(values)[:200]}")

    def one_recipe(self) -> None:
        """A recipe, of changed text or bytes."""
        text, path = self.random.choice(self._recipes), self.folder / "case.toml"
        if self.random.random() < 0.3:
            path.write_bytes(change_bytes(text.encode(), self.random))
        else:
            path.write_text(change_toml(text, self.random), encoding="utf-8")
        self.recipes += 1
        if not self._use(lambda: read_recipe(path), f"crash{len(self.crashes)}.toml"):
            path.rename(self.folder / f"crash{len(self.crashes) - 1}.toml")

    def _use(self, action: Any, what: str) -> bool:
        """Whether nothing happened that must not."""
        try:
            with no_longer_than(LIMIT_S):
                action()
            self.read += 1
        except LutdlaError:
            return True
        except (Exception, HangError) as error:  # noqa: BLE001  # this is what is looked for
            self.crashes.append(f"{what}: {type(error).__name__}: {str(error)[:200]}")
            return False
        return True
