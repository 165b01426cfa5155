"""The report of a compiled network: accuracy and where it was lost, cycles, tables, codebooks; as figures and as a
page."""

from lutdla.report.model_report import ModelReport, make_report
from lutdla.report.write import page, write_page

__all__ = ["ModelReport", "make_report", "page", "write_page"]
