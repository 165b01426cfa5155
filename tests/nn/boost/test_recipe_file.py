from pathlib import Path

import pytest
import torch

from lutdla.data import load
from lutdla.errors import ConfigError, InputError
from lutdla.nn.boost import (
    Classification,
    Cosine,
    Distillation,
    EarlyStop,
    GradientChoice,
    Reconstruction,
    Regression,
    Stage,
)
from lutdla.nn.boost.named import TECHNIQUES, techniques
from lutdla.nn.boost.recipe_file import read_recipe
from lutdla.nn.boost.recipe_parts import examples, function, stages
from lutdla.nn.boost.stages import CENTROIDS, JOINT
from lutdla.nn.gradients import StraightThrough
from lutdla.recipes import names, recipe_path

LEAST = """
data.name = "fashion-mnist"
model.name = "mlp"
output.folder = "out"
"""

ANOMALIES = """
data = { name = "shuttle", normal = 0, validation = 0.1 }
task.kind = "regression"
model.name = "shuttle_autoencoder"
output.folder = "out"
"""


@pytest.fixture
def read(tmp_path):
    def made(text):
        (tmp_path / "recipe.toml").write_text(text)
        return read_recipe(tmp_path / "recipe.toml")

    return made


@pytest.mark.parametrize("name", names())
def test_the_recipes_that_come_with_lutdla_are_known_by_name(name):
    recipe = read_recipe(name)
    assert recipe == read_recipe(recipe_path(name))
    assert stages(recipe)[-1].name == "joint"
    assert techniques(recipe.techniques, "techniques")


def test_a_short_recipe_has_the_usual_settings(read):
    recipe = read(LEAST)
    assert stages(recipe) == (CENTROIDS, JOINT)
    assert recipe.techniques == {"averaging": {}}
    assert (recipe.batch, recipe.seed, recipe.dense.epochs, recipe.convert.v) == (256, 0, 30, None)


def test_stages_and_techniques_become_objects(read):
    recipe = read(LEAST + """
        [[stages]]
        name = "joint"
        epochs = 2
        centroid_rate = 1
        schedule = "cosine"
        warmup = 0.1
        techniques = { reconstruction = { weight = 0.5 }, gradient = { kind = "straight_through" } }
        [techniques]
        distillation = { share = 0.4 }
        early_stop = {}
    """)
    own = (Reconstruction(0.5), GradientChoice(StraightThrough()))
    assert stages(recipe) == (Stage("joint", 2, 1.0, schedule=Cosine(0.1), techniques=own),)
    assert techniques(recipe.techniques, "techniques") == (Distillation(0.4), EarlyStop())


def test_every_technique_can_be_named():
    assert len(TECHNIQUES) == 9
    assert len(techniques({name: {} for name in TECHNIQUES}, "techniques")) == 9


def test_examples_kept_aside_are_not_trained_on(read):
    recipe = read(LEAST.replace("data.name", "data.validation = 0.25\ndata.name"))
    splits = examples(recipe, 300)
    assert splits.held_out
    assert [len(part[0]) for part in (splits.train, splits.validation, splits.test)] == [300, 300, 300]
    seen = {image.numpy().tobytes() for image in splits.train[0]}
    assert not any(image.numpy().tobytes() in seen for image in splits.validation[0])
    whole = examples(read(LEAST), None)
    assert not whole.held_out
    assert [len(part[0]) for part in (whole.train, whole.validation, whole.test)] == [60000, 10000, 10000]


def test_an_autoencoder_learns_what_is_normal_and_is_scored_by_what_is_not(read):
    splits = examples(read(ANOMALIES), None)
    rows, classes = splits.train[0], load("shuttle").train_labels
    assert len(rows) + len(splits.validation[0]) == (classes == 0).sum() < len(classes)
    assert torch.cat([rows, splits.validation[0]]).std(dim=0, correction=0).numpy() == pytest.approx(1.0, abs=1e-4)
    assert splits.anomalies.sum() == (load("shuttle").test_labels == 1).sum()
    wrong = splits.test[0] + splits.anomalies[:, None]  # answers that are wrong where there is an anomaly
    assert splits.final_score(Regression(), wrong) == ("AUC", 1.0)
    assert splits.final_score(Regression(), splits.test[0]) == ("AUC", 0.5)


def test_without_anomalies_the_final_score_is_that_of_the_task(read):
    splits = examples(read(LEAST), 4)
    answers = torch.eye(10)[splits.test[1]]
    answers[0] = -answers[0]
    assert splits.final_score(Classification(), answers) == ("accuracy", 0.75)


@pytest.mark.parametrize(("text", "message"), [
    ("batches = 3", "has no key 'batches': known are data, model, output, task, augment, dense"),
    ("data.nam = 1", r"recipe.toml: \[data\] has no key 'nam': known are name, function, validation"),
    ("[[stages]]\nname = 'x'\nepochs = 1\nrate = 2", r"\[stages.0\] has no key 'rate': known are name, epochs, cent"),
    ("[[stages]]\nname = 'x'", r"\[stages.0\] lacks 'epochs'"),
    ("seed = 'a'", "seed is 'a': it must be a whole number"),
    ("seed = true", "seed is True: it must be a whole number"),
    ("data.validation = 'x'", "data.validation is 'x': it must be a number"),
    ("data.shape = [1, 2.5]", "data.shape.1 is 2.5: it must be a whole number"),
    ("data.shape = 3", "data.shape is 3: it must be a list"),
    ("dense = 3", "dense is 3: it must be a table"),
    ("data.validation = 1.0", r"\[data\] validation is 1.0: it is a share"),
    ("data.function = 'a:b'", r"\[data\] has name and function: give one of name, function"),
    ("data.normal = 0", r"\[data\] normal is for an autoencoder of a named set"),
    ("task.kind = 'sorting'", r"\[task\] kind is 'sorting': use classification or regression"),
    ("folder = 'x'", "has no key 'folder'"),
    ("=", "recipe.toml: no recipe"),
])  # fmt: skip
def test_unusable_recipes_are_refused(read, text, message):
    with pytest.raises(ConfigError, match=message):
        read(f"{text}\n{LEAST}" if "[[" not in text else f"{LEAST}\n{text}")


@pytest.mark.parametrize(("text", "message"), [
    ("output.folder = 'x'\nmodel.name = 'mlp'", r"\[data\] has no source: give one of name, function"),
    ("output.folder = 'x'\ndata.name = 'mnist'", "lacks 'model'"),
])  # fmt: skip
def test_recipes_that_lack_a_part_are_refused(read, text, message):
    text = text if "data.name" in text else f"data.validation = 0.0\n{text}"
    with pytest.raises(ConfigError, match=message):
        read(text)


@pytest.mark.parametrize(("work", "message"), [
    (lambda read: techniques({"magic": {}}, "techniques"), r"\[techniques.magic\] no technique is called 'magic'"),
    (lambda read: techniques({"averaging": 3}, "techniques"), "techniques.averaging is 3: it must be a table"),
    (lambda read: techniques({"averaging": {"by": 3}}, "techniques"), "has no key 'by': known are keep"),
    (lambda read: techniques({"distillation": {"teacher": 3}}, "t"), "has no key 'teacher': known are share"),
    (lambda read: techniques({"gradient": {"kind": "x"}}, "t"), "no gradient is called 'x': known are soft_choice"),
    (lambda read: techniques({"averaging": {"keep": 2.0}}, "t"), "averaging keeps 2.0"),
    (lambda read: stages(read(LEAST + "[[stages]]\nname = 'x'\nepochs = 1\nschedule = 'y'")), "no schedule is called"),
    (lambda read: examples(read(LEAST.replace("fashion-mnist", "spam")), 9), r"\[data\] spam holds texts, not images"),
    (lambda read: examples(read(LEAST + "data.shape = [5]"), 9), r"\[data\] shape is \[5\]: inputs of shape"),
    (lambda read: examples(read(ANOMALIES.replace("normal = 0", "normal = 5")), 9),
     r"\[data\] normal is 5: shuttle has the classes 0 \(normal\), 1 \(anomaly\)"),
    (lambda read: function("x", Path(), "data"), "function is 'x': write module:function or FILE.py:function"),
    (lambda read: function("nothing.here:x", Path(), "data"), "No module named 'nothing'"),
    (lambda read: function("none.py:x", Path(), "data"), "none.py"),
    (lambda read: function("math:none", Path(), "model"), r"\[model\] math has no function 'none'"),
])  # fmt: skip
def test_parts_that_are_not_there_are_refused(read, work, message):
    with pytest.raises((ConfigError, InputError), match=message):
        work(read)


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "9" * 5000, "a = {", "\udcff"], ids=range(4))
def test_toml_that_python_cannot_read_is_no_recipe(tmp_path, text):
    path = tmp_path / "hostile.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ConfigError, match=r"hostile\.toml: no recipe \("):
        read_recipe(path)


@pytest.mark.parametrize("number", ["0x" + "f" * 5000, "1" + "0" * 400])
@pytest.mark.parametrize("line", ["[data]\nname = {}", "[[stages]]\nrates = [{}]", "[dense]\nrate = {}"])
def test_endless_numbers_are_named(tmp_path, number, line):
    path = tmp_path / "hostile.toml"
    path.write_text(line.format(number))
    with pytest.raises(ConfigError, match=r"is a number of \d+ bits: at most 64 are read"):
        read_recipe(path)
