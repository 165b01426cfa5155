"""What does not fit: one exception that the compiler's choices catch, and users read."""

from __future__ import annotations

from lutdla.errors import CompileError

_POWERS = ("index_words", "accumulator_rows", "constant_rows", "codebook_rows", "program_rows", "window_rows",
           "value_rows")


class Misfit(CompileError):
    """A memory of the core is too small.

    Attributes:
        layer: where it is fullest.
        memory: the field of `CoreConfig`.
        need, limit: words or rows.
        detail: what fills it.
        fix: another way than a larger memory.
    """

    def __init__(self, layer: str, memory: str, need: int, limit: int, detail: str = "", fix: str = "") -> None:
        self.layer, self.memory, self.need, self.limit, self.detail, self.fix = layer, memory, need, limit, detail, fix
        size = 1 << (need - 1).bit_length()
        if memory not in _POWERS:  # table rows: a power of two and a smaller one will do too
            size = min([size, *(size // 2 + (1 << bit) for bit in range(4, max(4, size.bit_length() - 2))
                                if size // 2 + (1 << bit) >= need)])
        words = f"layer {layer}: {memory.split('_')[0]} memory needs {need} {memory.split('_')[1]}"
        super().__init__(f"{words}, this core has {memory}={limit}{f' ({detail})' if detail else ''}: use a core with "
                         f"{memory}={size} or more{f', or {fix}' if fix else ''}")
