"""Timed work and its results; never tests."""
