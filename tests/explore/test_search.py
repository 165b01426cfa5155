"""The whole search on a network with data: its steps, its answer, and that nothing is done twice."""

import json
from dataclasses import replace

import pytest

from lutdla.compiler.assemble import assemble
from lutdla.compiler.topologies import topology
from lutdla.errors import ConfigError, InputError
from lutdla.explore.answer import Answer, Candidate
from lutdla.explore.choice import OBJECTIVES, Choice
from lutdla.explore.ledger import Ledger
from lutdla.explore.next_board import next_board
from lutdla.explore.outcome import recipe_path, write_config, write_recipe
from lutdla.explore.picking import value
from lutdla.explore.pieces import bounds, chosen, piece
from lutdla.explore.plain import from_plain, to_plain
from lutdla.explore.problem import Problem, plain_recipe, read_problem, recipe_from
from lutdla.explore.search import Search, Settings
from lutdla.explore.shapes import NetworkShape
from lutdla.nn.boost.recipe_file import read_recipe
from lutdla.nn.boost.training import Training
from lutdla.spec.config import CoreConfig
from lutdla_overlay.boards import load_board
from lutdla_overlay.limits import limits_of
from tests.explore.recipes import write

SETTINGS = Settings(v=(2, 4, 8), c=(8, 16), metric=("l1", "l2"), runs=3, epochs=1, limit=600, trials=4)


def limits(*names):
    return [limits_of(load_board(name)) for name in names]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A search on two boards: folder, problem, answers, keys of the work in order."""
    folder = tmp_path_factory.mktemp("search")
    problem, keys = read_problem(str(write(folder))), []
    with Ledger(folder / "ledger.sqlite") as ledger:
        search = Search(problem, limits("zybo-z7-10", "pynq-z2"), SETTINGS, ledger, folder,
                        progress=lambda done, total, key: keys.append(key))
        answers = search.run(limits("aup-zu3", "zcu104"))
    return folder, problem, answers, keys


def test_every_board_has_a_pick_that_is_good_enough(found):
    _, _, answers, _ = found
    assert [one.limits.name for one in answers] == ["zybo-z7-10", "pynq-z2"]
    for one in answers:
        pick, trained = one.pick, [each for each in one.candidates if each.accuracy is not None]
        dense = float(next(line for line in one.why if "dense" in line).split("dense network has ")[1].split("%")[0])
        good = [each for each in trained if each.accuracy >= dense / 100 - 0.0305]
        assert pick in good
        assert pick.choice.cycles_per_image == min(each.choice.cycles_per_image for each in good)
        assert pick.choice.board == one.limits.name
        assert all(share <= 1 for share in pick.choice.shares.values())
        assert 1 <= len(trained) <= SETTINGS.runs


def test_candidates_are_a_front_of_cycles_and_loss(found):
    _, _, answers, _ = found
    for one in answers:
        assert any(each.front for each in one.candidates)
        assert all(each.loss is not None and each.loss > 0 for each in one.candidates)
        for each in one.candidates:
            assert each.front == (not any(dominates(other, each) for other in one.candidates))


def dominates(other, one):
    """As good in every respect, and better in one."""
    pairs = [(other.choice.cycles_per_image, one.choice.cycles_per_image), (other.loss, one.loss),
             (-(other.accuracy or 0), -(one.accuracy or 0))]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def test_the_chosen_core_runs_the_network(found):
    """What was predicted of the sketch is what the compiler says of the trained network."""
    folder, problem, answers, _ = found
    pick = answers[0].pick
    path = folder / "new.json"
    write_config(path, pick)
    write_recipe(path, problem, pick)
    assert CoreConfig.from_dict(json.loads(path.read_text())) == pick.choice.config
    recipe = read_recipe(recipe_path(path))
    assert recipe.output.core == str(path)
    assert (recipe.convert.v, recipe.convert.c, recipe.convert.metric) == (pick.v, pick.c, pick.metric)
    recipe = replace(recipe, output=replace(recipe.output, folder=str(folder / "made")))
    trained = Training(recipe, pick.choice.config, limit=300).run()
    assert (folder / "made" / "model.lut") in trained.files


def test_what_was_done_is_not_done_again(found):
    folder, problem, answers, keys = found
    with Ledger(folder / "ledger.sqlite") as ledger:
        assert len(ledger) == len(set(keys))
        again = Search(problem, limits("zybo-z7-10", "pynq-z2"), SETTINGS, ledger, folder)
        ledger.keep = None  # whatever is done would be kept
        assert again.run(limits("aup-zu3", "zcu104")) == answers


def test_what_a_key_names_may_not_change_unseen(tmp_path, monkeypatch):
    """Another source, or another content of a file that is named, is other work."""
    (tmp_path / "model.pt").write_bytes(b"one")
    given = {"recipe": {"file": str(tmp_path / "model.pt"), "function": f"{tmp_path}/parts.py:some"}}
    keys = [piece("run", bounds, **given).key]
    assert piece("run", bounds, **given).key == keys[0]
    (tmp_path / "model.pt").write_bytes(b"two")
    keys.append(piece("run", bounds, **given).key)
    (tmp_path / "parts.py").write_text("some")
    keys.append(piece("run", bounds, **given).key)
    monkeypatch.setattr("lutdla.explore.pieces.source", lambda: "other")
    keys.append(piece("run", bounds, **given).key)
    assert len(set(keys)) == 4


def test_a_dense_network_that_is_gone_is_said(found):
    folder, problem, _, _ = found
    (dense,) = folder.glob("dense-*.pt")
    content = dense.read_bytes()
    dense.unlink()
    gone = pytest.raises(InputError, match=r"dense-\w+.pt, the dense network that this search has trained, is gone")
    with Ledger(folder / "ledger.sqlite") as ledger, gone:
        Search(problem, limits("pynq-z2"), SETTINGS, ledger, folder).run()
    dense.write_bytes(content)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_steps_agree_on_what_an_objective_is(objective):
    """The bound of the best core, the order of rows and the order of candidates follow the same measure."""
    shape, (board,) = NetworkShape.of(topology("lenet5", CoreConfig()), "lenet5"), limits("pynq-z2")
    plain = to_plain(shape), to_plain(board)
    (row,) = bounds(*plain, objective, 4, [16], ["l1"], streams=False)
    choice = from_plain(chosen(*plain, objective, 4, 16, "l1"), Choice)
    measured = value(Candidate(4, 16, "l1", choice), objective)
    if objective == "latency":
        row["score"] /= board.clock_mhz
    assert measured <= 1.1 * row["score"]  # streamed cores may be smaller still


def test_a_floor_that_nothing_reaches_is_said(found):
    folder, problem, _, _ = found
    with Ledger(folder / "ledger.sqlite") as ledger:
        (one,) = Search(problem, limits("pynq-z2"), replace(SETTINGS, floor=1.01), ledger, folder).run()
    assert one.pick is None
    assert "nothing reaches 101.0% in a short training: the best, v=" in one.why[0]


def test_without_data_the_network_keeps_its_v_and_c():
    problem = read_problem("lenet5")
    assert (problem.v, problem.c, problem.recipe) == (4, 16, None)
    with Ledger() as ledger:
        (one,) = Search(problem, limits("pynq-z2"), Settings(metric=("l1", "l2")), ledger).run()
    assert {(each.v, each.c, each.metric) for each in one.candidates} == {(4, 16, "l1"), (4, 16, "l2")}
    assert one.pick.loss is None
    assert one.why[0] == "fastest of 2 ways to encode that were compiled for"


def test_the_next_board_is_named_only_where_it_helps(found):
    _, problem, answers, _ = found
    assert answers[0].why[-1].startswith("the next board that would help is aup-zu3: up to ")
    small, large = limits("zybo-z7-10", "zcu104")

    def run(pieces):
        return [piece.function(**piece.given) for piece in pieces]

    none = Answer(small, (), None, ())
    assert " is zcu104: up to " in next_board(problem.shape, none, [large, small], 4, 16, "l1", run)
    assert next_board(problem.shape, Answer(large, (), None, ()), [small], 4, 16, "l1", run) is None
    fast = replace(answers[0].pick, choice=replace(answers[0].pick.choice, images_per_s=1e9))
    assert next_board(problem.shape, replace(answers[0], pick=fast), [large], 4, 16, "l1", run) is None


def test_what_nothing_holds_is_said():
    shape = NetworkShape.of(topology("vgg-small", CoreConfig()), "vgg")
    with Ledger() as ledger:
        (one,) = Search(Problem("vgg", shape, 4, 16), limits("zybo-z7-10"), Settings(metric=("l1",)), ledger).run()
    assert (one.pick, one.candidates, one.why) == (None, (), ("no core holds this network",))


def test_pieces_go_through_json():
    shape, (board,) = NetworkShape.of(topology("lenet5", CoreConfig()), "lenet5"), limits("pynq-z2")
    plain = json.loads(json.dumps([to_plain(shape), to_plain(board)]))
    assert from_plain(plain[0], NetworkShape) == shape
    assert from_plain(plain[1], type(board)) == board
    rows = bounds(*plain, "energy", 4, [8, 16], ["l1"])
    assert [(row["v"], row["c"], row["metric"]) for row in rows] == [(4, 8, "l1"), (4, 16, "l1")]
    choice = from_plain(json.loads(json.dumps(chosen(*plain, "throughput", 4, 16, "l1"))), Choice)
    artefact = assemble(topology("lenet5", choice.config), choice.config)
    assert artefact.image.table_bytes == choice.table_bytes
    with pytest.raises(InputError, match="no NetworkShape: "):
        from_plain({"name": 3}, NetworkShape)


def test_recipes_go_through_json(tmp_path):
    problem = read_problem(str(write(tmp_path)))
    assert recipe_from(json.loads(json.dumps(plain_recipe(problem.recipe)))) == problem.recipe
    assert problem.recipe.model.function == f"{tmp_path / 'parts.py'}:model"


@pytest.mark.parametrize(("settings", "message"), [
    ({"objective": "beauty"}, "objective is 'beauty': use one of throughput, latency, area, energy"),
    ({"runs": -1}, "runs is -1: it must be 0 or more"),
    ({"epochs": 0}, "epochs is 0: it must be 1 or more"),
])  # fmt: skip
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        Settings(**settings)


def test_what_cannot_be_known_is_refused():
    with Ledger() as ledger:
        with pytest.raises(InputError, match=r"accuracy floor is 0.9: accuracy is known of networks with data alone"):
            Search(read_problem("lenet5"), limits("pynq-z2"), Settings(floor=0.9), ledger)
        with pytest.raises(InputError, match="there are no boards: name one"):
            Search(read_problem("lenet5"), [], Settings(), ledger)
