import functools
import math

import pytest

from zoo.errors import ZooError
from zoo.search.oracle import STRATEGIES, Oracle, objective_of, points
from zoo.search.space import hyperparameters
from zoo.search_space import Dimension

SPACE = {
    "variant": Dimension("variant", choices=("relu", "tanh")),
    "learning_rate": Dimension("learning_rate", 1e-3, 1.0, "log"),
    "units": Dimension("units", 8, 64, "log", whole=True),
}


def score(values):
    """A smooth function of the point, best at relu, 0.1 and 64."""
    away = (math.log10(values["learning_rate"]) + 1) ** 2 + (math.log2(values["units"]) - 6) ** 2
    return 1 / (1 + away) + 0.1 * (values["variant"] == "relu")


def search(strategy, folder, *, trials=14, seed=0, most=6, stop=None):
    """Plays a search and returns its trials; `stop` ends it after so many, as a kill would."""
    oracle = Oracle(strategy, hyperparameters(SPACE), trials, seed, 9, folder / strategy)
    found = []
    while batch := oracle.ask(most):
        for trial in batch:
            found.append((trial.id, tuple(trial.values.items()), trial.epochs))
            if stop is not None and len(found) == stop:
                return found
            oracle.tell(trial, score(trial.values))
    return found


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Returns a function that plays a search of a strategy and a seed once."""

    @functools.cache
    def play(strategy, seed):
        return search(strategy, tmp_path_factory.mktemp("played"), seed=seed)

    return play


@pytest.mark.slow
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_same_scores_lead_to_the_same_trials(strategy, played, tmp_path):
    first = played(strategy, 0)
    assert len({trial for trial, _, _ in first}) == len(first)
    # A killed one leaves its files behind; they do not disturb the next.
    assert search(strategy, tmp_path, stop=8) == first[:8]
    assert search(strategy, tmp_path) == first


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["random", "bayesian", "hyperband"])
def test_seed_0_is_a_seed_and_neighbours_share_no_trial(strategy, played):
    points = [{values for _, values, _ in played(strategy, seed)} for seed in (0, 1, 2)]
    assert not points[0] & points[1]
    assert not points[1] & points[2]


def test_the_grid_is_complete_and_needs_no_trial_to_end_1055(tmp_path):
    oracle = Oracle("grid", hyperparameters(SPACE), 20, 0, 9, tmp_path / "grid")
    asked = oracle.ask(100)
    assert [dict(trial.values) for trial in asked] == points(hyperparameters(SPACE), 20)
    assert oracle.ask(1) == []
    for trial in asked:
        oracle.tell(trial, score(trial.values))
    assert oracle.ask(1) == []


def test_the_finest_grid_that_fits():
    found = points(hyperparameters(SPACE), 20)
    assert len(found) == 2 * 3 * 3  # 2 * 4 * 4 would be too many
    assert len({tuple(point.values()) for point in found}) == len(found)
    # The middles of three equal parts of three decades, as they are sampled.
    assert [point["learning_rate"] for point in found[:9:3]] == [0.00316, 0.0316, 0.316]
    with pytest.raises(ZooError, match=r"more than 1 points. Give more trials"):
        points(hyperparameters(SPACE), 1)


def test_bayesian_does_better_than_random_on_a_smooth_function(played):
    best = {
        strategy: [
            max(score(dict(values)) for _, values, _ in played(strategy, seed)) for seed in range(3)
        ]
        for strategy in ("random", "bayesian")
    }
    assert sum(best["bayesian"]) > sum(best["random"])


def test_hyperband_gives_more_epochs_to_fewer_trials(played):
    epochs = [epochs for _, _, epochs in played("hyperband", 0)]
    assert set(epochs) == {1, 3, 9}
    assert epochs.count(1) > epochs.count(9)


def test_a_score_must_be_finite_1032(tmp_path):
    oracle = Oracle("random", hyperparameters(SPACE), 5, 0, 9, tmp_path / "random")
    [trial] = oracle.ask(1)
    with pytest.raises(ValueError, match=r"must be finite. Received: nan"):
        oracle.tell(trial, math.nan)
    oracle.tell(trial, 0.5)  # nothing hangs, nothing is lost
    assert len(oracle.ask(10)) == 4


@pytest.mark.parametrize(
    ("strategy", "trials", "message"),
    [("sobol", 5, "`--strategy` must be one of random, grid"), ("random", 0, "at least 1")],
)
def test_wrong_words_are_named(strategy, trials, message, tmp_path):
    with pytest.raises(ZooError, match=message):
        Oracle(strategy, hyperparameters(SPACE), trials, 0, 9, tmp_path / "x")


def test_stock_keras_tuner_reads_the_folder(tmp_path, capsys):
    import keras_tuner

    search("random", tmp_path, trials=4)
    stock = keras_tuner.RandomSearch(
        lambda hp: None,
        objective=keras_tuner.Objective("val_accuracy", "max"),
        max_trials=4,
        directory=tmp_path,
        project_name="random",
        overwrite=False,
    )
    stock.results_summary()
    assert capsys.readouterr().out.count("Score: ") == 4
    assert len(stock.oracle.get_best_trials(4)) == 4


@pytest.fixture
def ready():
    """Returns a space of keras-tuner's with a conditional part."""
    import keras_tuner

    space = keras_tuner.HyperParameters()
    space.Choice("kind", ["plain", "deep"])
    with space.conditional_scope("kind", ["deep"]):
        space.Int("depth", 1, 3)
    space.Float("rate", 1e-4, 1.0, sampling="log")
    return space


def test_the_finest_grid_of_a_ready_space_has_active_values_only(ready):
    found = points(ready, 10)
    # Two depths and two rates: 2 + 2 * 2 points; three of each would be 3 + 3 * 3.
    assert [tuple(point) for point in found] == [("kind", "rate")] * 2 + [
        ("kind", "depth", "rate")
    ] * 4
    assert sorted({point["rate"] for point in found}) == pytest.approx([1e-3, 1e-1])
    assert len(points(ready, 12)) == 12
    assert len({tuple(point.items()) for point in points(ready, 100)}) <= 100
    with pytest.raises(ZooError, match="more than 1 points"):
        points(ready, 1)


def test_a_whole_range_is_never_taken_finer_than_it_is():
    import keras_tuner

    space = keras_tuner.HyperParameters()
    space.Int("depth", 1, 3)
    space.Boolean("normalised")
    assert len(points(space, 1000)) == 3 * 2


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_ready_space_is_searched_and_may_grow(strategy, ready, tmp_path):
    oracle = Oracle(strategy, ready, 12, 0, 3, tmp_path / "x", "val_loss", "min", growing=True)
    while batch := oracle.ask(4):
        for trial in batch:
            point = trial.hyperparameters
            point.Choice("late", [1, 2])
            assert (point.get("kind") == "deep") == ("depth" in trial.values)
            oracle.tell(trial, trial.values["rate"])
            last = trial
    assert {each.name for each in last.hyperparameters.space} == {"kind", "depth", "rate", "late"}
    assert "late" in last.values
    assert {each.name for each in ready.space} == {"kind", "depth", "rate"}


def test_the_direction_of_an_objective_is_known_or_given():
    import keras_tuner

    assert objective_of("val_loss") == ("val_loss", "min")
    assert objective_of("val_accuracy") == ("val_accuracy", "max")
    assert objective_of(keras_tuner.Objective("beauty", "max")) == ("beauty", "max")
    with pytest.raises(ZooError, match="must say what is better"):
        objective_of("beauty")
