"""PyTorch, dense, in float: for scale.

package = "torch"
network = "784-64-64-10, dense, float32"
verified = "nothing: these are the outputs that others are compared with"
steps = ["build the model", "run it"]
"""

import numpy as np
import torch

torch.manual_seed(0)
model = torch.nn.Sequential(
    torch.nn.Linear(784, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)
).eval()
images = np.random.default_rng(0).random((10_000, 784), np.float32)
with torch.inference_mode():
    expected = model(torch.tensor(images[:100])).numpy()


# -- for the benchmark: what is timed ----------------------------------------------------------------------------------
def simulate() -> int:
    """Run the images; returns how many."""
    with torch.inference_mode():
        return len(model(torch.tensor(images)))
