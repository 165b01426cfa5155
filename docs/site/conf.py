"""Settings of Sphinx for the documentation site; `docs/site/build.py` gives it the folder with the pages."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "lutdla"
author = "the authors of lutdla"
version = release = version_of("lutdla")
project_copyright = "the authors of lutdla, Apache-2.0"

extensions = [
    "myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_design", "sphinx_copybutton", "docstrings",
]  # fmt: skip
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}

# -- pages -----------------------------------------------------------------------------------------------------------
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # notebooks run in the tests, with what a board or an emulator answers
nitpicky = True
# Types of other packages have no pages here, and this site asks no other for theirs.
nitpick_ignore_regex = [("py:.*", r".*")]
highlight_language = "none"
copybutton_prompt_text = "$ "
suppress_warnings = ["myst.header"]  # generated pages may skip a level: `lutdla.spec.document`

# -- API -------------------------------------------------------------------------------------------------------------
default_role = "code"  # docstrings put code in single backticks, as Markdown does
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
maximum_signature_line_length = 88
napoleon_numpy_docstring = False
napoleon_use_rtype = False

# -- appearance ------------------------------------------------------------------------------------------------------
html_theme = "furo"
html_title = f"lutdla {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style, pygments_dark_style = "friendly", "github-dark"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b57b0", "color-brand-content": "#0b57b0"},
    "dark_css_variables": {"color-brand-primary": "#79b8ff", "color-brand-content": "#79b8ff"},
}
