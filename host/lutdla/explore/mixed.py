"""Ways to encode in which maps have a v of their own: far too many to try all, so Optuna chooses which.

A map with a smaller v (a divisor of the core's) is encoded several times: more lookups, less loss. NSGA-II looks for
the front of cycles and estimated loss; both are known without compiling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lutdla.errors import ConfigError, ToolError
from lutdla.explore.choice import order
from lutdla.explore.limits import Limits
from lutdla.explore.plain import from_plain
from lutdla.explore.proxy import MapLoss
from lutdla.explore.rating import rate
from lutdla.explore.shapes import NetworkShape
from lutdla.explore.ways import Way, with_layers

POPULATION = 32


def mixed_front(shape: dict[str, Any], limits: dict[str, Any], objective: str, metric: str,
                pairs: Sequence[Sequence[int]], losses: Sequence[Mapping[str, Any]], trials: int,
                seed: int = 0) -> list[dict[str, Any]]:
    """The front of ways that some hundred trials find; a piece of work.

    Args:
        shape, limits, objective: as for `lutdla.explore.pieces.bounds`.
        metric: of all layers.
        pairs, losses: (v, c), and `MapLoss` of each map, as JSON has it.
        trials: ways that are looked at, beside those in which all maps are alike.
        seed: of the search.

    Returns:
        a dictionary for each: v, c, metric, layers, image (cycles of an image), loss.
    """
    try:
        import optuna
    except ImportError as error:
        raise ToolError("optuna is not installed: pip install 'lutdla[explore]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    network, board = from_plain(shape, NetworkShape), from_plain(limits, Limits)
    maps = [from_plain(loss, MapLoss) for loss in losses]
    study = optuna.create_study(directions=["minimize", "minimize"],
                                sampler=optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=seed))
    for v, c in pairs:  # all maps as the core: what mixing must be better than
        study.enqueue_trial({"core": _name(v, c), **{_name(v, c, one.source): v for one in maps}})
    tried: dict[Way, tuple[float, float] | None] = {}
    study.optimize(_objective(network, board, objective, metric, [(int(v), int(c)) for v, c in pairs], maps, tried),
                   n_trials=len(pairs) + trials)
    found = {_way(trial.user_attrs["way"]): trial.values for trial in study.best_trials}
    return [{"v": way.v, "c": way.c, "metric": way.metric, "layers": [list(layer) for layer in way.layers],
             "image": image, "loss": loss} for way, (image, loss) in found.items()]


def _way(values: Sequence[Any]) -> Way:
    v, c, metric, layers = values
    return Way(v, c, metric, tuple((name, own) for name, own in layers))


def _objective(network: NetworkShape, board: Limits, objective: str, metric: str, pairs: list[tuple[int, int]],
               maps: list[MapLoss],
               tried: dict[Way, tuple[float, float] | None]) -> Callable[[Any], tuple[float, float]]:
    """A trial: v and c of the core, v of each map; cycles of the best core, and the loss."""
    import optuna

    fixed = {at.name for at in (network.input, *(layer.target for layer in network.layers if layer.target is not None))
             if at.slice is not None}
    cores = {_name(v, c): (v, c) for v, c in pairs}

    def evaluate(trial: Any) -> tuple[float, float]:
        v, c = cores[trial.suggest_categorical("core", list(cores))]
        layers, loss = [], 0.0
        for number, one in enumerate(maps):
            divisors = [own for own in range(1, v + 1) if v % own == 0 and (own, c) in pairs]
            # one name for each set of values: Optuna's distributions must not change
            same = number == 0 or one.source in fixed
            own = v if same else trial.suggest_categorical(_name(v, c, one.source), divisors)
            loss += one.losses[pairs.index((own, c))]
            layers += [(name, own) for name in one.readers if own != v]
        way = Way(v, c, metric, tuple(layers))
        trial.set_user_attr("way", [v, c, metric, layers])
        if way not in tried:
            tried[way] = _cycles(with_layers(network, way), board, objective, way, loss)
        values = tried[way]
        if values is None:
            raise optuna.TrialPruned
        return values

    return evaluate


def _name(v: int, c: int, source: str = "core") -> str:
    return f"{source}: v={v} c={c}"


def _cycles(network: NetworkShape, board: Limits, objective: str, way: Way, loss: float) -> tuple[float, float] | None:
    for streams in (False, True):
        try:
            rated = rate(network, board, streams=streams, v=[way.v], c=[way.c], metric=[way.metric])
        except ConfigError:
            return None
        if len(best := order(rated, board, objective)):
            return float(rated.image[best[0]]), loss
    return None
