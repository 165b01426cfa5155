from benchmarks.overlay_page import CHECKS, SHARES, page
from lutdla_overlay.boards import board_names

FIGURES = {f"{board.replace('-', '_')}_{name}": value for board in board_names()
           for name, value in (dict.fromkeys(CHECKS, True) | dict.fromkeys(SHARES, 0.5)
                               | {"lut_estimate_error": -0.01}).items()}  # fmt: skip


def test_every_board_has_a_row_and_a_failed_check_stands_out():
    text = page(FIGURES | {"kv260_xsd_ok": False, "mutations": 70, "mutations_caught": 69}, "note", "made")
    assert all(text.count(f"\n| `{board}` |") == 1 for board in board_names())
    assert "| `kv260` | yes | yes | **no** | yes | yes | yes | 50.0% | 50.0% | 50.0% | 50.0% | -1.0% |" in text
    assert "Of 70 block designs" in text
    assert "69 are caught" in text
