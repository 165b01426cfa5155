"""`lutdla run`: a compiled network on a file of inputs."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lutdla.cli._figures import HELP, console_beside, write_figures
from lutdla.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt


def command(
    model: Annotated[Path, typer.Argument(help="Artefact or pipeline, as it was written.")],
    input: Annotated[Path, typer.Option("--input", help="Inputs: .npy, (batch, *input shape), real or int8; "
                                "of a pipeline with several, .npz by name.")],
    output: Annotated[Path, typer.Option("--output", help="Where results go: .npy, float32 (batch, outputs).")],
    backend: Annotated[str, typer.Option(help="emulator, rtl, myhdl, pynq, or a .bit file.")] = "emulator",
    limit: Annotated[int | None, typer.Option(min=0, help="Run only the first inputs.")] = None,
    timeout_s: Annotated[float | None, typer.Option(help="Longest wait for one exchange, in seconds.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help=HELP)] = None,
) -> None:
    """Run a compiled network on a file of inputs."""
    import numpy as np

    from lutdla import open as open_target
    from lutdla.spec.pipeline import Pipeline, load_model

    found = load_model(model)
    inputs: tuple[Any, ...]
    if isinstance(found, Pipeline) and len(found.inputs) > 1:
        inputs = tuple(array[:limit] for array in read_arrays(input, [entry.name for entry in found.inputs]))
    else:
        inputs = (read_array(input)[:limit],)
    with open_target(backend, timeout_s=timeout_s) as accelerator:
        network = accelerator.load(found)
        begin = time.perf_counter()
        y = network(*inputs)
        seconds = time.perf_counter() - begin
        profile = network.profile
    with write_to(output).open("wb") as file:
        np.save(file, y)
    write_figures(json_file, {"backend": backend, "images": len(y), "seconds": seconds, "profile": asdict(profile)})
    console = console_beside(json_file, highlight=False, markup=False, soft_wrap=True)
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


def read_arrays(path: Path, names: list[str]) -> list[npt.NDArray[Any]]:
    """Arrays of a .npz file by name.

    Raises:
        InputError: no such file, or without one of them.
    """
    import zipfile

    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as arrays:
            return [arrays[name] for name in names]
    except (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: no .npz file with {', '.join(names)} ({error}): write it with "
                         "numpy.savez") from error


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
