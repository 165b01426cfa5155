from dataclasses import replace

import pytest
import torch

from benchmarks import ablation, accuracy
from benchmarks.ablation_rows import JOINT, ROWS, RandomCodebooks, RoundingAtEnd
from benchmarks.record import check_flat
from lutdla.nn.boost import LUTBoost
from lutdla.nn.boost.recipe_file import read_recipe
from lutdla.nn.boost.recipe_parts import examples
from lutdla.nn.lut_layer import lut_layers
from lutdla.nn.train import silent

BUDGET = ablation.Budget(images=256, batch=32, calibration=128)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """All rows, on a small network."""
    recipe = read_recipe("fashion_mlp")
    recipe = replace(recipe, dense=replace(recipe.dense, epochs=3),
                     model=replace(recipe.model, options={"hidden": [16]}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accuracy, "CACHE", tmp_path_factory.mktemp("dense"))
        patch.setattr(ablation, "MIXED", ((2, 16), (4, 16), (8, 16)))
        patch.setattr(ablation, "CACHE", tmp_path_factory.mktemp("rows"))
        first = ablation.run_rows(ROWS, recipe, [0], BUDGET, silent, limit=1000)
        told = []
        again = ablation.run_rows(ROWS, recipe, [0], BUDGET, lambda *step: told.append(step), limit=1000)
        assert not told
        assert again == first
    return first


def test_every_row_has_figures(found):
    made = ablation.figures(found, [0], BUDGET)
    check_flat(made)
    for row in ROWS:
        drop = 100 * (made["dense_accuracy"] - made[f"{row.name}_accuracy"])
        assert made[f"{row.name}_drop_points"] == pytest.approx(drop, abs=2e-3)
        assert made[f"{row.name}_accuracy"] > 0.3  # a tenth is chance
    assert made["seeds"] == 1
    assert ablation.table(made, ROWS).row_count == len(ROWS)


def test_every_row_differs_from_the_base(found):
    assert len({row.name for row in ROWS}) == len({row.words for row in ROWS}) == len(ROWS)
    base = replace(ROWS[0], name="", words="")
    assert all(replace(row, name="", words="") != base for row in ROWS[1:])
    same = [name for name, ones in found.items()
            if name != "base" and all(a.accuracy == b.accuracy for a, b in zip(ones, found["base"]))]
    # nothing dies in so short a training; two rows may reach the same share of 1,000 images by chance
    assert len(set(same) - {"revival"}) <= 2


def test_mixed_v_and_c_stay_within_the_tables_of_the_base(found):
    assert found["mixed"][0].table_bytes <= found["base"][0].table_bytes
    assert found["c64"][0].table_bytes > 3 * found["base"][0].table_bytes


def test_other_settings_are_measured_anew():
    recipe = read_recipe("magic")
    paths = {ablation.kept(row, recipe, BUDGET) for row in ROWS}
    assert len(paths) == len(ROWS)
    assert ablation.kept(ROWS[0], recipe, replace(BUDGET, batch=64)) not in paths
    assert ablation.kept(ROWS[0], replace(recipe, seed=1), BUDGET) not in paths


def test_random_codebooks_are_slices_of_what_the_layer_reads():
    recipe = read_recipe("magic")
    splits = examples(recipe, 200)
    dense = accuracy.dense_network(recipe, splits)
    boost = LUTBoost(dense, stages=(), techniques=(RandomCodebooks(),), convert_options={"iterations": 0},
                     calibration=64)
    network = boost.fit(splits.train, freeze_at_end=False)
    first = next(iter(lut_layers(network).values()))
    maps = network.quantize_input(splits.train[0])
    slices = first.slices(maps[:, :, None, None])
    assert (first.codebooks[:, :, None] == slices[:, None]).all(dim=-1).any(dim=-1).all()
    assert torch.equal(first.codebooks, first.codebooks.round())


def test_figures_are_means_over_seeds():
    made = ablation.figures({"base": [ablation.Found(0.9, 0.88, 64, 3.0), ablation.Found(0.92, 0.86, 64, 5.0)]}, [0, 1],
                            ablation.Budget())
    wanted = {"seeds": 2, "images": 10_000, "dense_accuracy": 0.91, "base_accuracy": 0.87, "base_drop_points": 4.0,
              "base_spread_points": 4.0, "base_table_bytes": 64, "base_seconds": 4.0}
    assert {key: made[key] for key in wanted} == pytest.approx(wanted)


def test_rounding_at_end_trains_real_values_and_leaves_integers():
    recipe = read_recipe("magic")
    splits = examples(recipe, 200)
    whole = []

    def look(*_):
        integers = next(iter(lut_layers(boost.network).values())).integers()
        whole.append([bool((part == part.round()).all()) for part in (integers.codebooks, integers.tables)])

    boost = LUTBoost(accuracy.dense_network(recipe, splits), stages=(replace(JOINT, epochs=1),), calibration=64,
                     techniques=(RoundingAtEnd(),), convert_options={"iterations": 0})
    boost.fit(splits.train, progress=look)
    look()
    *training, trained = whole
    assert [any(kind) for kind in zip(*training)] == [False, False]
    assert trained == [True, True]
