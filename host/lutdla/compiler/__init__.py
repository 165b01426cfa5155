"""From a converted torch model to one artefact file."""
