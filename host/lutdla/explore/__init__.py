"""Exploration: cost models and search. Cheap to import; the search needs the package lutdla[explore]."""
