"""The explanation of an artefact agrees with what its program does."""

from dataclasses import replace

from lutdla.compiler.assemble import assemble
from lutdla.compiler.explain import explain
from lutdla.compiler.topologies import topology
from lutdla.spec.artefact import Artefact
from tests.compiler.test_assemble import Z7020


def test_resnet8_is_explained(tmp_path):
    artefact = assemble(topology("resnet8", Z7020), Z7020)
    found = explain(Artefact.load(artefact.save(tmp_path / "resnet8.lut")))
    assert (found.images, found.streamed_bytes, found.table_bytes) == (1, 0, artefact.table_bytes)
    assert found.steps_per_image == 6944 <= found.cycles_per_image <= 7000
    assert {use.memory: use.used for use in found.memories} == artefact.requires()
    regions = {(region.memory, region.name): region for region in found.regions}
    frame = regions["index_words", "input frame"]
    assert (frame.start, frame.size, frame.born, frame.dies) == (0, 1024, 0, 1)
    stem = regions["value_rows", "stem output"]
    assert (stem.size, stem.born, stem.dies) == (1024, 1, 3)
    shortcut_source = regions["index_words", "stage1.0.conv2 output"]
    assert (shortcut_source.size, shortcut_source.born, shortcut_source.dies) == (1024, 3, 5)
    tables = [region for region in found.regions if region.memory == "table_rows"]
    assert sum(region.size for region in tables) == 576
    assert [record.layer for record in found.records] == list(artefact.layers[1:])


def test_maps_that_live_at_once_lie_apart():
    found = explain(assemble(topology("lenet5", Z7020), replace(Z7020, table_rows=1024)))
    maps = [region for region in found.regions if region.memory == "index_words"]
    assert len(maps) == 5
    for a in maps:
        for b in maps:
            both = a is not b and a.born < b.dies and b.born < a.dies
            assert not both or a.start + a.size <= b.start or b.start + b.size <= a.start


def test_streamed_tables_are_explained():
    small = replace(Z7020, table_rows=512)
    artefact = assemble(topology("resnet8", small), small, dataflow="stationary", batch=2)
    found = explain(artefact)
    assert found.images == 2
    assert sum(record.piece_bytes for record in found.records) == found.streamed_bytes > 0
    halves = [region for region in found.regions if region.name.startswith("streamed tables")]
    assert len(halves) == 2
    assert halves[0].start + halves[0].size <= halves[1].start
    assert {record.dataflow for record in found.records} == {"resident", "stationary"}
    assert sum(record.cycles + record.waits for record in found.records) == 2 * found.cycles_per_image


def test_no_pass_is_shorter_than_what_the_stream_brings():
    """In the last pass of a run it may be: there is nothing to bring for the next one."""
    config = replace(Z7020, ports=5, lanes=8, encoders=2, table_rows=1024, index_words=1 << 13, constant_rows=256,
                     codebook_rows=256, program_rows=64, window_rows=256)  # fmt: skip
    found = explain(assemble(topology("lenet5", config), config, dataflow="stationary", batch=1))
    assert found.stream_cycles_per_image <= found.cycles_per_image < 1.2 * found.stream_cycles_per_image
