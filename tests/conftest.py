"""Settings of all tests: threads, and how many examples hypothesis draws."""

import inspect
import os

# Before torch is imported anywhere: the tests run in two processes on two cores.
os.environ["OMP_NUM_THREADS"] = "1"

from hypothesis import HealthCheck, settings

from lutdla_hdl.short_stack import newest_frames

# Simulations are slow and uneven: pytest-timeout holds the deadline, not hypothesis.
_common = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
settings.register_profile("dev", max_examples=20, print_blob=True, **_common)
settings.register_profile("ci", parent=settings.get_profile("dev"), derandomize=True, database=None)
settings.register_profile("thorough", parent=settings.get_profile("dev"), max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

inspect.stack = newest_frames  # for blocks that tests make
