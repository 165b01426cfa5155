"""Makes .venv of a clone in seconds: `scripts/install-python` finds it in place.

Packages of others come from the environment that runs, lutdla from a wheel of the clone.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

INSTALL_S = 300
STATE = ("setup.py", "pyproject.toml", "scripts/install-python", "host/lutdla/native/*.cpp", "host/lutdla/native/*.h")
"""What `scripts/install-python` keeps a digest of, in its order."""


def install(clone: Path, wheel: Path | None = None) -> None:
    """Make .venv.

    Args:
        clone: a checkout.
        wheel: of lutdla, None: it is built.
    """
    folder = clone / ".venv"
    subprocess.run([getattr(sys, "_base_executable", sys.executable), "-m", "venv", "--without-pip", folder],
                   check=True, timeout=INSTALL_S)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text("\n".join({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}),
                                         encoding="utf-8")
    with tempfile.TemporaryDirectory() as built:
        if wheel is None:
            _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", built, str(clone))
            (wheel,) = Path(built).glob("*.whl")
        _pip("--python", str(folder), "install", "--no-deps", "--no-index", str(wheel))
    (folder / "lutdla-installed").write_text(f"{digest(clone)}  -\n", encoding="utf-8")


def digest(clone: Path) -> str:
    """The digest by which `scripts/install-python` sees that nothing has changed."""
    state = hashlib.sha256()
    for pattern in STATE:
        for path in sorted(clone.glob(pattern)):
            state.update(path.read_bytes())
    return state.hexdigest()


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True, timeout=INSTALL_S)
