"""What users hold: `open` gives an `Accelerator`, its `load` gives a `Network`, or of a pipeline a `PipelineNetwork`,
that is called with arrays. No torch."""

from lutdla.runtime.accelerator import Accelerator
from lutdla.runtime.network import Network
from lutdla.runtime.pipeline import PipelineNetwork
from lutdla.runtime.pipeline_profile import PipelineProfile
from lutdla.runtime.profile import Profile
from lutdla.runtime.target import open

__all__ = ["Accelerator", "Network", "PipelineNetwork", "PipelineProfile", "Profile", "open"]
