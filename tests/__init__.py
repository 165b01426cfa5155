"""Tests; the folders mirror the source tree. A package, because pynq installs another one of this name."""
