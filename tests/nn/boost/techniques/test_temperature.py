import pytest
import torch

from lutdla.errors import InputError
from lutdla.nn import Stage
from lutdla.nn.boost import GradientChoice, Technique, TemperatureSchedule
from lutdla.nn.gradients import SoftChoice, StraightThrough
from lutdla.nn.lut_layer import lut_layers
from tests.nn.boost.runs import part, trained

seen = []


class Watching(Technique):
    """Keeps the gradient of a layer in each step."""

    NAME, ORDER = "watching", 99

    def before_step(self, run):
        seen.append(run.network.get_submodule("4").gradient)


def test_temperatures_go_from_start_to_end_by_one_factor():
    seen.clear()
    network = trained(TemperatureSchedule(1.6, 0.1), Watching(), data=part(1250), batch=250)
    assert [gradient.temperature for gradient in seen] == pytest.approx([1.6, 0.8, 0.4, 0.2, 0.1])
    assert all(layer.gradient == SoftChoice() for layer in lut_layers(network).values())


def test_the_gradient_is_chosen_for_as_long_as_the_technique_is_at_work():
    seen.clear()
    stage = Stage("joint", 1, 0.2, 1e-3, techniques=(GradientChoice(StraightThrough()), Watching()))
    network = trained(stage=stage, data=part(512))
    assert seen == [StraightThrough()] * 2
    assert all(layer.gradient == SoftChoice() for layer in lut_layers(network).values())


def test_both_together_and_what_they_change():
    seen.clear()
    soft = trained(GradientChoice(SoftChoice(0.3, straight=0.5)), TemperatureSchedule(0.8, 0.4), Watching(),
                   data=part(512))
    assert seen == [SoftChoice(0.8, 0.5), SoftChoice(0.4, 0.5)]
    straight = trained(GradientChoice(StraightThrough()), data=part(512))
    assert not torch.equal(soft.get_submodule("2").weight, straight.get_submodule("2").weight)


@pytest.mark.parametrize(("work", "message"), [
    (lambda: TemperatureSchedule(1, 0), "temperature goes from 1 to 0: both must be positive"),
    (lambda: trained(GradientChoice(StraightThrough()), TemperatureSchedule()), "no lookups of this network use Soft"),
])  # fmt: skip
def test_unusable_settings_are_refused(work, message):
    with pytest.raises(InputError, match=message):
        work()
