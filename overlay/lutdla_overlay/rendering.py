"""Text from the Jinja2 templates of this package. A name that a template does not get is an error."""

from __future__ import annotations

import re

from lutdla.errors import ConfigError, ToolError


def render(template: str, package: str = "lutdla_overlay", **values: object) -> str:
    """The text of `templates/TEMPLATE` in a package; values are escaped in XML and SVG.

    Raises:
        ToolError: jinja2 is not installed.
        jinja2.UndefinedError: the template uses a name that is not among `values`.
    """
    # here, because boards and the emulated device import the overlay's descriptions without Jinja2
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError as error:
        raise ToolError("planning an overlay needs the package jinja2: pip install 'lutdla[overlay]'") from error
    environment = Environment(
        loader=PackageLoader(package), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=lambda name: name is not None and (".xml" in name or ".svg" in name),
    )  # fmt: skip
    environment.filters.update(braced=braced, hex=lambda number: f"0x{number:08X}")
    return environment.get_template(template).render(values)


def braced(value: str) -> str:
    """A value as one word of Tcl.

    Raises:
        ConfigError: it holds what no braces can quote.
    """
    if re.search(r"[{}\\]", value):
        raise ConfigError(f"{value!r} cannot be written into Tcl: use a value without braces and backslashes")
    return f"{{{value}}}"
