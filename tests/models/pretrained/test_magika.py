import numpy as np
import onnxruntime
import pytest
import torch

import lutdla
from lutdla.data.file_tokens import file_tokens
from lutdla.models.pretrained import magika
from lutdla.nn.segments import export_pipeline
from lutdla_overlay.cores import load_core
from tests.nn.segments.models import frozen

CONTENTS = {
    "python": b"import sys\n\n\ndef main(argv: list[str]) -> int:\n    print(argv[1:])\n    return 0\n" * 9,
    "json": b'{\n  "values": [\n' + b'    {"name": "lookup", "nested": {"a": null}},\n' * 30 + b"    1\n  ]\n}\n",
    "html": b"<!DOCTYPE html>\n<html><head><title>t</title></head><body><p>text</p></body></html>\n" * 9,
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 8,
}  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return magika.load_magika()


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)
    return np.stack([file_tokens(folder / name) for name in CONTENTS]).astype(np.int64)


def test_it_is_the_published_network(model, tokens):
    original = onnxruntime.InferenceSession(magika.WHEEL.read(f"{magika.FOLDER}/model.onnx"))
    (want,) = original.run(None, {"bytes": tokens.astype(np.int32)})
    with torch.no_grad():
        have = model(torch.tensor(tokens)).softmax(-1).numpy()
    np.testing.assert_allclose(have, want, rtol=0, atol=1e-5)


def test_it_knows_types(model, tokens):
    with torch.no_grad():
        found = model(torch.tensor(tokens)).argmax(1)
    assert [magika.type_names()[i] for i in found] == list(CONTENTS)
    assert len(magika.type_names()) == model.dense.out_features == 214


def test_its_matrix_products_run_as_lookups(model, tokens):
    core = load_core("xc7z020-large").config
    few = torch.tensor(tokens[:2])
    converted = frozen(model, magika.PARTS, few, iterations=1, rows=512, metric="l1")
    pipeline = export_pipeline(converted, few, core)
    assert sorted(pipeline.parts) == ["conv", "dense"]
    assert not [step for step in pipeline.steps if step.op in ("linear", "conv1d", "matmul")]
    with torch.no_grad(), lutdla.open("emulator") as accelerator:
        net = accelerator.load(pipeline)
        have = net(tokens[:1])
        np.testing.assert_allclose(have, converted(few[:1]).numpy(), rtol=1e-4, atol=1e-3)
        assert net.profile.parts["conv"].images * pipeline.parts["conv"].output_pixels >= 508
