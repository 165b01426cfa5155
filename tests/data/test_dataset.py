import numpy as np
import pytest

from lutdla.data import DatasetError, FileDataset, Recording, SoundDataset, TableDataset, TextDataset, load
from lutdla.data.dataset import Dataset
from lutdla.errors import InputError

LABELS = np.array([0, 1, 1])
ROWS = np.array([[1, 5, 2], [3, 5, 2], [5, 5, 8]], np.float32)


def rows(train=ROWS, test=ROWS[:1], features=("a", "b", "c")):
    return TableDataset("x", train, LABELS, test, LABELS[:1], features, ("no", "yes"), "here")


def test_arrays_that_do_not_belong_together_are_refused():
    images, labels = np.zeros((3, 2, 2), np.uint8), np.zeros(3, np.int64)
    with pytest.raises(DatasetError, match=r"x: 3 test images and 2 labels in here"):
        Dataset("x", images, labels, images, labels[:2], ("a",), "here")
    with pytest.raises(DatasetError, match=r"x: train labels are 0..4 in here, there are 2 classes"):
        Dataset("x", images, np.array([0, 4, 1]), images, labels, ("a", "b"), "here")
    with pytest.raises(DatasetError, match=r"x: 2 train rows and 3 labels in here: fetch"):
        rows(train=ROWS[:2])
    with pytest.raises(DatasetError, match=r"x: train rows have shape \(3, 3\) in here, there are 2 features"):
        rows(features=("a", "b"))
    with pytest.raises(DatasetError, match=r"x: test rows hold values that are not finite in here"):
        rows(test=np.array([[1, np.nan, 2]], np.float32))
    with pytest.raises(DatasetError, match=r"x: 1 train texts and 3 labels in here"):
        TextDataset("x", ("a",), LABELS, (), LABELS[:0], ("no", "yes"), "here")
    tokens = np.zeros((3, 2048), np.int16)
    with pytest.raises(DatasetError, match=r"x: test labels are -1..-1 in here, there are 2 classes"):
        FileDataset("x", tokens, LABELS, tokens[:1], np.array([-1]), ("no", "yes"), (), (), "here")
    sound = Recording("a.wav", np.zeros(4, np.float32), 8000)
    with pytest.raises(DatasetError, match=r"x: a.wav of here is among training and test recordings"):
        SoundDataset("x", (sound,), (sound,), "here")


def test_rows_are_standardized_by_what_training_saw():
    scaled = rows(test=np.array([[7, 6, 2]], np.float32)).standardized()
    np.testing.assert_allclose(scaled.train_rows.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.train_rows.std(axis=0), [1, 0, 1], rtol=1e-6)
    np.testing.assert_allclose(scaled.test_rows, [[(7 - 3) / np.sqrt(8 / 3), 1, -2 / np.sqrt(8)]], rtol=1e-6)
    assert scaled.train_rows.dtype == np.float32
    assert scaled.train.labels is LABELS


def test_an_option_that_a_set_has_not_is_refused():
    with pytest.raises(InputError, match="data set magic has no option 'seed': it has none"):
        load("magic", seed=1)
    with pytest.raises(InputError, match="data set files has no option 'sed': it has folders, train_per_class, test_p"):
        load("files", sed=1)
