from benchmarks.faults import kinds, what_it_is
from benchmarks.reliability_page import SECTIONS, page
from lutdla.faults.campaign import OUTCOMES

FAULTS = {"injected": 120, "kinds": 60, "injected_emulator": 100, "injected_rtl": 20, "hangs": 0, "wrong_answers": 1,
          "unnamed_errors": 0, "recovered": 119} | {
              f"{kind}_{outcome}": {"named": 3, "right": 2}.get(outcome, 0)
              for kind in kinds() for outcome in (*OUTCOMES, "recovered")}  # fmt: skip
FOUND = {
    "faults": FAULTS, "proofs": {"properties": 30, "proved": 29, "mutants": 12, "mutants_killed": 11},
    "fuzz": {"cases": 123_456, "crashes": 7},
    "soak": {"emulator_images": 1_000_000, "rtl_images": 2_000, "mismatches": 5, "rss_growth_mib": 0.25},
    "mutation": {"mutants": 50, "caught": 49},
}  # fmt: skip


def test_every_kind_of_fault_has_a_row_and_what_failed_stands_out():
    text = page(FOUND | {"faults": FAULTS | {"starved_hang": 4}}, "note", lambda figures: "made so")
    assert all(f"| {what_it_is(kind)[1]} |" in text for kind in kinds())
    assert "| stream | the stream starves: nothing goes on | 9 | 3 | 2 | **4** | 0 |" in text
    assert text.count("made so") == len(SECTIONS)


def test_failures_are_said():
    text = " ".join(page(FOUND, "note", lambda figures: "made so").split())
    for words in ("29 of 30 properties", "11 of 12 designs", "123,456 files and streams", "7 crashes",
                  "1,000,000 images", "5 results differ", "grew by 0.2 MiB", "49 of 50 faults",
                  "1 wrong answers"):  # fmt: skip
        assert words in text


def test_what_was_not_measured_says_how():
    text = page({}, "note", lambda figures: "made so")
    assert text.count("Not measured yet: `python -m benchmarks.record") == len(SECTIONS)
