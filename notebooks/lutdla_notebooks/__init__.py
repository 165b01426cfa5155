"""Notebooks and the small models that they run; `pynq get-notebooks lutdla` copies both."""
