"""From IP to overlay: boards as data, hardware hand-off."""
