"""lutdla: from a torch model to the Verilated core, cycle by cycle.

package = "lutdla"
network = "784-64-64-10 as lookup tables (v=4, c=16), int8"
verified = "100 images, every bit of every output, against the integer reference"
needs = ["g++"]
steps = ["pip install lutdla[train,hdl]", "convert to lookups, with typical images", "freeze the integers", "compile",
         "build the Verilated core and load", "run", "compare with the reference"]
"""

import numpy as np
import torch

import lutdla
from lutdla import compiler, nn
from lutdla.verify import reference_results

torch.manual_seed(0)
model = torch.nn.Sequential(
    torch.nn.Linear(784, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)
).eval()
images = np.random.default_rng(0).integers(0, 256, (2_000, 784), np.uint8)
network = nn.convert(model, torch.tensor(images[:2000]))
nn.freeze(network)
artefact = compiler.compile(network, lutdla.CoreConfig())
net = lutdla.open("rtl").load(artefact)
if (net.raw(images[:100]) != reference_results(artefact, images[:100])).any():
    raise SystemExit("the core differs from the reference")


# -- for the benchmark: what is timed ----------------------------------------------------------------------------------
def simulate() -> int:
    """Run the images; returns how many."""
    return len(net(images))
