"""`python -m lutdla_hdl --config FILE --out DIR`: write the core's Verilog for a configuration (JSON or TOML)."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from lutdla.errors import LutdlaError
from lutdla.spec.config import CoreConfig
from lutdla.toml import tomllib
from lutdla_hdl.convert import convert, convert_here


def read_config(path: Path) -> CoreConfig:
    """A configuration from a JSON or TOML file of `CoreConfig` fields; missing fields keep their defaults."""
    text = path.read_text()
    if path.suffix == ".toml":
        return CoreConfig.from_dict(tomllib.loads(text))
    return CoreConfig.from_dict(json.loads(text))


def main() -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="lutdla_hdl", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="JSON or TOML file of CoreConfig fields")
    parser.add_argument("--out", type=Path, required=True, help="folder for lutdla_core.v")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    try:
        config = read_config(arguments.config)
        if arguments.here:
            convert_here(config, arguments.out)
        else:
            print(convert(config, arguments.out))
    except (LutdlaError, OSError, ValueError) as error:
        print(f"lutdla_hdl: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
