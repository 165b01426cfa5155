"""Runs cocotb_core.py on a core's Verilog in Icarus Verilog."""

import json
import shutil
import warnings

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from lutdla_hdl.convert import TOP


def simulate(sources, config, folder, pause=0.3, tests=None, build_args=()):
    """Build and run; fails unless every test of the module passed."""
    assert shutil.which("iverilog"), "Icarus Verilog is missing: sudo apt-get install iverilog"
    runner = get_runner("icarus")
    environment = {"LUTDLA_CONFIG": json.dumps(config.to_dict()), "LUTDLA_PAUSE": str(pause),
                   "COCOTB_LOG_LEVEL": "WARNING", "PYTHONWARNINGS": "ignore::DeprecationWarning"}  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the runner, about Verilog options
        runner.build(sources=sources, hdl_toplevel=TOP, build_dir=folder, always=True, build_args=list(build_args),
                     timescale=("1ns", "1ps"), log_file=folder / "build.log")  # fmt: skip
        try:
            results = runner.test(test_module="tests.hdl.cocotb_core", hdl_toplevel=TOP, build_dir=folder,
                                  extra_env=environment, testcase=tests, log_file=folder / "test.log",
                                  results_xml=str(folder / "results.xml"))  # fmt: skip
        except SystemExit:  # the runner's way to say that a test failed, or that there are no results at all
            raise AssertionError((folder / "test.log").read_text()[-6000:]) from None
    run, failed = get_results(results)
    assert failed == 0
    assert run == (3 if tests is None else len(tests))
