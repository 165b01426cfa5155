"""Compiled kernels of the emulator and of the host's path: C++ that comes compiled with lutdla.

Installing from source compiles them when there is a compiler, wheels bring them: nothing is compiled at run time. Where
they are missing, numpy computes the same, slower. (Training has kernels of its own: `lutdla.nn.native`.)
"""
