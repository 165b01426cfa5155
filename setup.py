"""Packaging of lutdla; tool settings are in pyproject.toml."""

from setuptools import setup

setup(
    name="lutdla",
    version="0.1.0",
    python_requires=">=3.10",
    package_dir={"lutdla": "host/lutdla", "lutdla_hdl": "hdl/lutdla_hdl", "lutdla_overlay": "overlay/lutdla_overlay"},
    packages=[
        "lutdla", "lutdla.spec", "lutdla.nn", "lutdla.compiler", "lutdla.runtime", "lutdla.backends",
        "lutdla.emulation", "lutdla_hdl", "lutdla_overlay",
    ],
    install_requires=["numpy", "safetensors", "typer"],
)
