import pytest
import torch

from lutdla.errors import ConfigError, InputError
from lutdla.nn.boost import Augment, Examples
from lutdla.nn.boost.recipe_file import Recipe, from_table
from lutdla.nn.boost.recipe_parts import augmented

IMAGES = torch.randint(1, 256, (200, 2, 6, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_about_half_of_the_images_are_mirrored_and_the_others_stay():
    torch.manual_seed(0)
    made = Augment(flip=True)(IMAGES)
    same, mirrored = ((made == other).flatten(1).all(1) for other in (IMAGES, IMAGES.flip(3)))
    assert (same ^ mirrored).all()
    assert 70 < int(mirrored.sum()) < 130
    assert made.dtype == torch.uint8


def test_images_move_as_a_whole_and_black_comes_in():
    torch.manual_seed(0)
    made, found = Augment(shift=2)(IMAGES), set()
    for image, before in zip(made, IMAGES):
        padded = torch.nn.functional.pad(before, (2, 2, 2, 2))
        places = [(y, x) for y in range(5) for x in range(5) if torch.equal(padded[:, y : y + 6, x : x + 5], image)]
        assert len(places) == 1
        found.update(places)
    assert len(found) == 25


def test_nothing_to_do_changes_nothing():
    assert torch.equal(Augment()(IMAGES), IMAGES)


def test_what_are_no_images_is_refused():
    with pytest.raises(InputError, match=r"shape \(200, 60\): it takes images .* of more than shift=0 pixels"):
        Augment(flip=True)(IMAGES.flatten(1))
    with pytest.raises(InputError, match="of more than shift=5 pixels"):
        Augment(shift=5)(IMAGES)
    with pytest.raises(InputError, match="augment shifts by -1 pixels"):
        Augment(shift=-1)


def recipe(**augment):
    sections = {"data": {"name": "digits"}, "model": {"name": "mlp"}, "output": {"folder": "x"}}
    return from_table(Recipe, {**sections, "augment": augment})


@pytest.mark.parametrize(("section", "dense", "lookups"), [
    ({}, None, None),
    ({"flip": True}, Augment(flip=True), Augment(flip=True)),
    ({"shift": 1, "dense": False}, None, Augment(shift=1)),
])  # fmt: skip
def test_a_recipe_says_which_network_sees_changed_images(section, dense, lookups):
    pair = (IMAGES, torch.zeros(200, dtype=torch.long))
    assert augmented(recipe(**section), pair, dense=True).augment == dense
    assert augmented(recipe(**section), pair, dense=False).augment == lookups


def test_settings_of_checkpoints_tell_augmentations_apart():
    targets = torch.zeros(200, dtype=torch.long)
    found = {Examples(IMAGES, targets, augment=augment).settings()["augment"]
             for augment in (None, Augment(flip=True), Augment(flip=True, shift=1))}
    assert len(found) == 3


def test_a_regression_refuses_changed_inputs():
    with pytest.raises(ConfigError, match=r"\[augment\] changes inputs and not what they should give"):
        from_table(Recipe, {"data": {"name": "shuttle"}, "model": {"name": "mlp"}, "output": {"folder": "x"},
                            "task": {"kind": "regression"}, "augment": {"flip": True}})
