"""hls4ml: the C++ that HLS would take, compiled by g++ and run.

package = "hls4ml"
pip = ["hls4ml", "torch"]
needs = ["g++"]
network = "784-64-64-10, dense, 16-bit fixed point, rounded"
verified = "100 images, every output, within 0.01 of torch's float"
steps = ["pip install hls4ml torch", "describe the precision", "convert", "compile the C++ with g++", "run",
         "compare with torch"]
"""

import hls4ml
import numpy as np
import torch

torch.manual_seed(0)
model = torch.nn.Sequential(
    torch.nn.Linear(784, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)
).eval()
images = np.random.default_rng(0).random((2_000, 784), np.float32)
config = hls4ml.utils.config_from_pytorch_model(
    model, (784,), granularity="name", backend="Vitis", default_precision="ap_fixed<16,6,AP_RND>"
)
hls_model = hls4ml.converters.convert_from_pytorch_model(
    model, hls_config=config, output_dir="hls4ml_project", backend="Vitis", part="xc7z020clg400-1"
)
hls_model.compile()
expected = model(torch.tensor(images[:100])).detach().numpy()
if np.abs(hls_model.predict(images[:100]) - expected).max() > 0.01:
    raise SystemExit("the emulation is more than 0.01 away from torch")


# -- for the benchmark: what is timed ----------------------------------------------------------------------------------
def simulate() -> int:
    """Run the images; returns how many."""
    return len(hls_model.predict(images))
