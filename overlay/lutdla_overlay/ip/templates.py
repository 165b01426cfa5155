"""The IP's text files, from the Jinja2 templates in `templates/`. A name that a template does not get is an error."""

from __future__ import annotations

from lutdla.errors import ToolError


def render(template: str, **values: object) -> str:
    """The text of a template; values are escaped in XML.

    Raises:
        ToolError: Jinja2 is not installed.
        jinja2.UndefinedError: the template uses a name that is not among `values`.
    """
    try:
        # here, because boards and the emulated device import the overlay's descriptions without Jinja2
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError as error:
        raise ToolError("packaging needs the package Jinja2, which is not installed: pip install Jinja2") from error

    environment = Environment(
        loader=PackageLoader("lutdla_overlay.ip"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=lambda name: name is not None and ".xml" in name,
    )  # fmt: skip
    return environment.get_template(template).render(values)
