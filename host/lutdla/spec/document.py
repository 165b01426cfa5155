"""Reference pages of docs/, written from the tables of this package: `python -m lutdla.spec.document --out docs`.

The text around the tables is the modules' own docstrings, so that nothing is said twice.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import struct
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from lutdla.spec import artefact, config, frame_layout, memory, packets, program, registers, window
from lutdla.spec.config import ABI_VERSION, LAYOUT_FIELDS, CoreConfig

HEADER_TEXT = {
    "format": "version of this file format",
    "abi": "version of registers, packets and program records that the image was laid out for",
    "config": "the configuration it was compiled for, field by field (see configuration.md)",
    "program": "the layer program, record by record, with strides (see program.md)",
    "pieces": "first row and number of rows of each table piece, in the order in which records wait for them",
    "input": "`shape` of one input, `scale` and `zero_point`: real = scale * (int8 - zero_point), and its `layout`",
    "outputs": "values of one result",
    "output_pixels": "pixels of one result, one behind the other; each has the channels of the last layer",
    "requires": "the least depth of each memory: what an overlay must have",
    "layers": "name of the layer that each record belongs to",
    "provenance": "free JSON values: who made it, from what",
}
"""What each key of the artefact's JSON header holds."""

TENSOR_TEXT = {
    "codebooks": ("(codebook rows, encoders, c, v)", "centroids"),
    "tables": ("(ports x blocks, table rows, lanes)", "table entries; bank = port * blocks + block"),
    "mult": ("(constant rows, encoders x v)", "multiplier of the requantisation"),
    "bias": ("(constant rows, encoders x v)", "what is added before the shift; holds the rounding constant"),
    "shift": ("(constant rows, encoders x v)", "how far the sum is shifted right"),
    "windows": ("(window rows, 5 x ports + 1)", "of each port offset, dy, dx, blocks, shortcut; then table"),
    "streamed": ("(ports x blocks, rows of all pieces, lanes)", "table pieces, one behind the other"),
    "output_scale": ("(outputs,)", "real result = scale * accumulator + bias"),
    "output_bias": ("(outputs,)", "see output_scale"),
}
"""Shape and meaning of each tensor of the artefact."""

RECORD_TEXT = {
    "kind": "0 EncodeInput, 1 Lookup",
    "end": "last record of the program",
    "to_output": "Lookup: finished rows go to the host as raw accumulators",
    "drain": "Lookup: starts only when all earlier rows are where they belong",
    "wait_input": "Lookup: takes the next input frame",
    "free_input": "Lookup: the last that reads the input frame",
    "wait_tables": "Lookup: takes the next table piece",
    "free_tables": "Lookup: the last that reads the table piece",
    "begin": "Lookup: rows start from 0; 0: from what the accumulators hold",
    "finish": "Lookup: rows are finished; 0: the sums stay in the accumulators",
    "encode": "Lookup: finished rows are encoded to index groups",
    "store": "Lookup: finished rows are kept as values",
    "residual": "Lookup: values are added before the clamp",
    "encodings": "Lookup: times that a row is encoded, less 1",
    "encoding_stride": "Lookup: index groups from one encoding to the next",
    "low": "Lookup: lower clamp of requantised values, signed",
    "high": "Lookup: upper clamp of requantised values, signed",
    "groups": "EncodeInput: groups of encoders x v values in an input frame",
    "codebooks": "EncodeInput: rows of codebooks; group i uses row i mod `codebooks`. Lookup: codebook rows from one "
                 "encoding to the next",
    "codebook": "first row of codebooks",
    "constant": "Lookup: first row of requantisation constants",
    "dest": "first index group written",
    "index": "Lookup: first word of the feature map",
    "shortcut": "Lookup: first word of the second feature map",
    "table": "Lookup: first table row / c",
    "window": "Lookup: first row of windows",
    "height": "Lookup: rows of pixels; a port outside reads zero padding",
    "width": "Lookup: pixels of a row; a port outside reads zero padding",
    "value_out": "Lookup: first value group stored",
    "value_in": "Lookup: first value group added",
}
"""Meaning of each field of a program record's head."""

PORT_TEXT = {
    "offset": "port {}: added to the word address, signed",
    "dy": "port {}: added to the step's y, signed",
    "dx": "port {}: added to the step's x, signed",
    "blocks": "port {}: bit b set = block b takes part",
    "shortcut": "port {}: bit 0 set = reads from the second feature map",
}
"""Meaning of each field of a port in a window row; `{}` is the number of the port."""

LOOP_TEXT = {
    "last": "loop {}: iterations - 1",
    "reduce": "loop {}: 1 = summed over",
    "pool": "loop {}: 1 = the maximum is taken over it",
    **{stream: f"loop {{}}: increment of the {stream} address, signed" for stream in config.STREAMS},
}
"""Meaning of each field of a loop; `{}` is the number of the loop."""


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def page(title: str, *parts: str) -> str:
    """A whole page: title, who wrote it, and parts with an empty line between them."""
    note = "<!-- Written by `make docs` (lutdla.spec.document): change the tables in host/lutdla/spec instead. -->"
    return "\n\n".join([f"# {title}", note, *parts]) + "\n"


def _prose(module: ModuleType) -> str:
    """A module's docstring without its first paragraph, which serves as the title."""
    return inspect.cleandoc(module.__doc__ or "").partition("\n\n")[2]


def _attribute_docs(cls: type) -> dict[str, str]:
    """The strings under a class's attributes."""
    tree = ast.parse(inspect.getsource(cls)).body[0]
    body = cast(ast.ClassDef, tree).body
    docs = {}
    for attribute, text in zip(body, body[1:]):
        if isinstance(attribute, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            docs[ast.unparse(attribute.target)] = " ".join(str(text.value.value).split())
    return docs


def _config_page() -> str:
    docs = _attribute_docs(CoreConfig)
    rows = [
        (f"`{f.name}`", f"`{f.default}`", "layout" if f.name in LAYOUT_FIELDS else "depth", docs[f.name])
        for f in fields(CoreConfig)
    ]
    example = CoreConfig()
    derived = [
        (f"`{name}`", inspect.getdoc(value), getattr(example, name))
        for name, value in vars(CoreConfig).items()
        if isinstance(value, property) and name != "hash"
    ]
    return page(
        "Configuration of a core",
        "`lutdla.spec.CoreConfig`: every parameter of the hardware. *Layout* fields decide how an artefact is laid out "
        "and must be equal in artefact and overlay; *depth* fields must suffice.",
        table(("field", "default", "kind", "meaning"), rows),
        "## Derived sizes",
        table(("property", "meaning", "at the defaults"), derived),
    )


def _reset(register: registers.Register) -> str:
    if register.name in registers.constant_registers(CoreConfig()) and not register.reset:
        return "configuration"
    return f"`{register.reset:#x}`" if register.reset else "0"


def _register_page() -> str:
    rows = [
        (f"`{r.offset:#05x}`", f"`{r.name}`", r.access, _reset(r), r.description)
        for r in registers.REGISTERS
    ]
    parts = []
    for register in registers.REGISTERS:
        if register.fields:
            bits = [
                (f"{f.offset + f.width - 1}:{f.offset}" if f.width > 1 else f.offset, f"`{f.name}`", f.description)
                for f in register.fields
            ]
            parts += [f"### {register.name}", table(("bits", "field", "meaning"), bits)]
    return page(
        "Registers",
        f"AXI4-Lite, 32-bit words, {1 << registers.ADDRESS_BITS} bytes of address space, ABI version {ABI_VERSION}. "
        "`ro` is read only, `rw` read and write, `wo` write only (reads 0, every set bit acts once), `w1c` read, and a "
        "written 1 clears. Other offsets read 0 and ignore writes.",
        table(("offset", "register", "access", "reset", "meaning"), rows),
        f"`CLEAR_COUNTERS` sets {', '.join(f'`{name}`' for name in registers.COUNTERS)} to 0.",
        "## Fields",
        *parts,
    )


def _packet_page() -> str:
    names = ("magic", "kind", "memory", "bank", "address", "length")
    header, at = [], 0
    for name, letter in zip(names, packets.HEADER.format.lstrip("<")):
        size = struct.calcsize(f"<{letter}")
        header.append((f"{at}..{at + size - 1}" if size > 1 else at, f"`{name}`", f"{size * 8} bits, little endian"))
        at += size
    example = CoreConfig()
    memories = [
        (number, f"`{name}`", example.memory_banks(name), example.depth(name), example.word_bytes(name),
         example.beats_per_word(name), packets.load_words_limit(example, name))
        for number, name in enumerate(memory.LOADABLE)
    ]  # fmt: skip
    errors = [(code.value, f"`{code.name}`", packets.ERROR_TEXT[code]) for code in packets.ErrorCode]
    return page(
        "Stream packets",
        _prose(packets),
        "## Header",
        table(("bytes", "field", "size"), header),
        "## Kinds",
        table(("value", "kind"), [(kind.value, f"`{kind.name}`") for kind in packets.Kind]),
        "## Memories that LOAD names",
        "Sizes are those of the default configuration. A word takes whole beats; the rest of its last beat is 0.",
        table(("value", "memory", "banks", "words", "bytes a word", "beats a word", "words a packet (most)"), memories),
        "A word of constant memory holds, for each of its channels, 8 bytes: "
        f"mult 0..15, shift 16..23 (at most {memory.SHIFT_MAX}), bias 24..63 ({memory.BIAS_BITS} bits, signed).",
        "## Error codes (register ERROR.CODE)",
        "The checks are made in this order; the first that fails is reported.",
        table(("code", "name", "meaning"), errors),
    )


def _record_text(name: str) -> str:
    if name.startswith("loop"):
        number, _, part = name.removeprefix("loop").partition("_")
        return LOOP_TEXT[part].format(number)
    return RECORD_TEXT[name]


def _program_page() -> str:
    example = CoreConfig()
    rows, at = [], 0
    for name, width in program.record_fields(example):
        rows.append((f"{at + width - 1}:{at}" if width > 1 else at, f"`{name}`", width, _record_text(name)))
        at += width
    return page(
        "The layer program",
        _prose(program),
        "## Loops",
        inspect.getdoc(program.Loop) or "",
        "## EncodeInput",
        inspect.getdoc(program.EncodeInput) or "",
        "## Lookup",
        inspect.getdoc(program.Lookup) or "",
        "## Layout of a record",
        f"Little endian, {program.record_bytes(example)} bytes. Loop 0 is the outermost of {config.LOOPS}.",
        table(("bits", "field", "width", "meaning"), rows),
    )


def _window_page() -> str:
    example = CoreConfig()
    fields = [(f"{name}{port}", width, text.format(port)) for port in range(example.ports)
              for (name, width), text in zip(window.PORT_FIELDS, PORT_TEXT.values())]
    rows, at = [], 0
    for name, width, text in (*fields, ("table", 16, "added to the table address, in groups of c rows")):
        rows.append((f"{at + width - 1}:{at}", f"`{name}`", width, text))
        at += width
    return page(
        "Windows",
        _prose(window),
        "## Layout of a row of the window memory",
        f"Little endian, {window.window_bytes(example)} bytes in the default configuration (ports={example.ports}).",
        table(("bits", "field", "width", "meaning"), rows),
    )


def _artefact_page() -> str:
    tensors = [(f"`{name}`", dtype, *TENSOR_TEXT[name]) for name, dtype in artefact.TENSORS.items()]
    return page(
        "The artefact file",
        f"One file in safetensors format, format version {artefact.FORMAT_VERSION}: "
        "nothing in it is executed when it is loaded. Metadata entry `lutdla` is the JSON header, entry `sha256` the "
        "digest of header and tensors (for each tensor, by name: its name, type, shape and bytes). The first 32 bits "
        "of the digest are the model id that register `MODEL` holds after loading.",
        "## Tensors",
        table(("name", "type", "shape", "meaning"), tensors),
        f"mult is 0..32767, bias has {memory.BIAS_BITS} signed bits, shift is 0..{memory.SHIFT_MAX}: "
        "value = clamp((accumulator * mult + bias) >> shift, low, high).",
        "## Header",
        table(("key", "holds"), [(f"`{key}`", HEADER_TEXT[key]) for key in artefact.HEADER_KEYS]),
        "## Input layout",
        inspect.getdoc(frame_layout.FrameLayout) or "",
        "A pixel takes whole words of the index memory: its subspaces are filled up to a multiple of `blocks`. Pixels "
        "follow each other row by row.",
    )


def pages() -> dict[str, str]:
    """Every generated page: file name -> content."""
    return {
        "configuration.md": _config_page(),
        "registers.md": _register_page(),
        "packets.md": _packet_page(),
        "program.md": _program_page(),
        "windows.md": _window_page(),
        "artefact.md": _artefact_page(),
    }


def main(arguments: list[str] | None = None) -> None:
    """Write the pages into a folder."""
    parser = argparse.ArgumentParser(prog="python -m lutdla.spec.document", description="Write the reference pages.")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder to write into (docs)")
    out: Path = parser.parse_args(arguments).out
    out.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (out / name).write_text(text, encoding="utf-8")
        print(out / name)


if __name__ == "__main__":
    main()
