"""Formal proofs of bus behaviour, on the converted Verilog.

    blocks.py      which blocks are proved, in which configuration; MyHDL -> Verilog
    *.sv           the rules of a block: assertions, assumptions and the registers that they need
    *.toml         the proofs of a block, and the mutants that must fail
    listing.py     reads them
    model.py       Verilog with its rules -> SMT-LIB, by yosys
    system.py      SMT-LIB -> steps of a transition system in the solver
    prover.py      base case, k-induction, what is reachable

`python -m benchmarks.proofs` proves everything. docs/proofs.md says what is proved, and what is not.
"""
