"""A page from a template, with what all pages share: style, plots and their library, versions."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from lutdla.errors import ToolError

SHARED = "lutdla.page"
"""Package whose templates every page can include."""


def render(package: str, template: str, figures: Mapping[str, Any], **values: Any) -> str:
    """The text of a page.

    Args:
        package: whose folder `templates` has the template.
        template: its file; it includes `page.css.j2` and `plots.js.j2`, and shows `plotly` and `versions`.
        figures: plots (`data` and `layout`) by the id of their place in the page.
        values: what else the template shows.

    Raises:
        ToolError: jinja2 or plotly is not installed.
    """
    try:
        from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
        from plotly.offline import get_plotlyjs, get_plotlyjs_version
    except ImportError as error:
        raise ToolError(f"{error.name} is not installed: pip install 'lutdla[explore]'") from error
    environment = Environment(loader=ChoiceLoader([PackageLoader(package), PackageLoader(SHARED)]),
                              undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made: str = environment.get_template(template).render(
        figures=figures, plotly=get_plotlyjs(), versions=f"lutdla {_version()}, plotly.js {get_plotlyjs_version()}",
        **values)
    return made


def _version() -> str:
    try:
        return version("lutdla")
    except PackageNotFoundError:  # run from a checkout
        return "(not installed)"
