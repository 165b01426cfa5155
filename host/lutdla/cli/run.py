"""`lutdla run`: a compiled network on a file of inputs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from lutdla.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt


def command(
    model: Annotated[Path, typer.Argument(help="Artefact, as the compiler writes it.")],
    input: Annotated[Path, typer.Option("--input", help="Inputs: .npy, (batch, *input shape), real or int8.")],
    output: Annotated[Path, typer.Option("--output", help="Where results go: .npy, float32 (batch, outputs).")],
    backend: Annotated[str, typer.Option(help="emulator, rtl, myhdl, pynq, or a .bit file.")] = "emulator",
    limit: Annotated[int | None, typer.Option(min=0, help="Run only the first inputs.")] = None,
    timeout_s: Annotated[float | None, typer.Option(help="Longest wait for one exchange, in seconds.")] = None,
) -> None:
    """Run a compiled network on a file of inputs."""
    import numpy as np

    from lutdla import open as open_target
    from lutdla.spec.artefact import Artefact

    artefact, x = Artefact.load(model), read_array(input)[:limit]
    with open_target(backend, timeout_s=timeout_s) as accelerator:
        network = accelerator.load(artefact)
        begin = time.perf_counter()
        y = network(x)
        seconds = time.perf_counter() - begin
        profile = network.profile
    with write_to(output).open("wb") as file:
        np.save(file, y)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"{len(y)} images on {backend} in {seconds:.2f} s (time of this computer) -> {output}")
    console.print(str(profile))


def read_array(path: Path) -> npt.NDArray[Any]:
    """An array of a .npy file.

    Raises:
        InputError: no such file, or not an array.
    """
    import numpy as np

    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: no .npy file of numbers ({error}): write it with numpy.save") from error
    if not isinstance(array, np.ndarray) or array.ndim == 0:
        raise InputError(f"{path}: it must hold one array (batch, *input shape): write it with numpy.save")
    return array


def write_to(path: Path) -> Path:
    """A file to write, in a folder that exists from now on.

    Raises:
        InputError: the path is a folder, or its folder cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot write there ({error}): name another file") from error
    if path.is_dir():
        raise InputError(f"{path}: is a folder: name a file")
    return path
