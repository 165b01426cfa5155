"""A stand-in for Vivado: a real Tcl interpreter, commands that know their arguments, and a model of the design.

It knows the commands, IP and rules that public scripts and AMD's documents show, and refuses everything else.
Environment variables steer it:

STANDIN_VERSION      2020.2 to 2025.2 (2024.1)
STANDIN_BOARDS       0: no board files are installed
STANDIN_XLCONCAT     0: the catalogue has no xlconcat, only the inline HDL ilconcat
STANDIN_FAIL         COMMAND or COMMAND:FIRST_ARGUMENT that fails
STANDIN_HANG         COMMAND that never returns
STANDIN_WNS          worst setup slack of an implementation, ns (0.250)
STANDIN_CRITICAL     1: validate_bd_design also gives a harmless critical warning, as presets of Zynq-7000 boards do
"""
