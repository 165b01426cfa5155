from benchmarks import engine_page, growth

MADE = {"command": "python -m benchmarks.x", "commit": "0123456789ab", "date": "2026-01-02", "machine": "a CPU"}
NETWORK = {
    "network": "resnet8", "core": "xc7z020", "dataflow": "resident", "cycles_per_image": 6961.0, "utilization": 0.866,
    "utilization_without_padding": 0.805, "images_per_s_predicted": 14365.8, "clock_mhz_assumed": 100.0, "lut": 18000,
    "lutram": 6000, "lut_share": 0.45, "ff": 20000, "ramb36": 120.5, "ramb36_share": 0.86, "uram": 0, "dsp": 16,
    "conversion_s": 20.4,
} | MADE  # fmt: skip
GROWTH = {"cycles_pixels_64": 66, "cycles_pixels_256": 258, "exponent_pixels": 0.983} | MADE
DENSE = {f"{key}_{name}": 1.5 for key in engine_page.RESOURCES for name in engine_page.DESIGNS} | {"ratio": 15.2} | MADE


def test_networks_stand_side_by_side():
    page = engine_page.networks({"resnet8_rtl": NETWORK, "other": {}})
    assert "| resnet8 | xc7z020 | resident | 6,961 | 86.6% | 80.5% | 14,366 | 100 |" in page
    assert "| xc7z020 | 18,000 | 6,000 | 45.0% | 20,000 | 120.5 | 86.0% | 0 | 16 | 20 |" in page
    assert "a prediction, no board" in page
    assert "`python -m benchmarks.x` at `0123456789ab`" in page


def test_a_network_without_area_has_no_row_of_it():
    bare = {key: value for key, value in NETWORK.items() if key != "lut"}
    assert "86.0%" not in engine_page.networks({"resnet8_rtl": bare})


def test_sections_come_with_their_figures():
    assert engine_page.sections({"demo": MADE}) == []
    found = {"resnet8_rtl": NETWORK, "dense_baseline": DENSE, "growth": GROWTH}
    titles = [title for title, _ in engine_page.sections(found)]
    assert titles == ["Networks on chip", "Against a dense array", "Growth"]
    assert "**15.2 times** fewer LUTs" in engine_page.sections(found)[1][1]
    assert "pixels 0.983" in engine_page.sections(found)[2][1]
    assert [name for name in (*found, "demo") if engine_page.covers(name)] == list(found)


def test_growth_is_fitted_and_drawn(tmp_path):
    assert abs(growth.exponent({1: 10, 2: 40, 4: 160}) - 2) < 1e-9
    figures = {f"cycles_{axis}_{n}": 3 * n for axis in growth.AXES for n in (1, 2, 4)}
    assert growth.points(figures, "pixels") == {1: 3, 2: 6, 4: 12}
    growth.plot(figures | {f"exponent_{axis}": 1.0 for axis in growth.AXES}, tmp_path / "growth.svg")
    assert (tmp_path / "growth.svg").read_text().count("<svg") == 1
