import math
import random

import pandas as pd
import pytest

from zoo.evidence.rates import best_rates
from zoo.evidence.statistics import mean_interval
from zoo.results.summary import CURVES, FINAL, runs_frame, summarise

NAN = math.nan
# Steps of 1/64 are exact in binary, so that sums and differences are too.
STEP = 1 / 64


@pytest.fixture
def grid(make_result):
    """Returns a function: {(variant, rate): [(validation, test) of seed 0, ...]} -> results."""

    def make(cells):
        return [
            make_result(variant, rate, seed, val_accuracy=validation, test_accuracy=test)
            for (variant, rate), scores in cells.items()
            for seed, (validation, test) in enumerate(scores)
        ]

    return make


def curve_history(make_result, accuracies):
    history = {name: [1.0] * len(accuracies) for name in ("loss", "val_loss", "learning_rate")}
    return history | {"accuracy": accuracies, "val_accuracy": accuracies}


def test_runs_are_sorted_by_variant_as_declared_then_rate_then_seed(make_result):
    results = [
        make_result(variant, rate, seed)
        for variant in ("relu", "elu")
        for rate in (0.1, 1.0, 0.01)
        for seed in (1, 0)
    ]
    runs = runs_frame(results, ["relu", "elu"])
    places = list(zip(runs["variant"], runs["learning_rate"], runs["seed"], strict=True))
    assert places == [
        (variant, rate, seed)
        for variant in ("relu", "elu")
        for rate in (0.01, 0.1, 1.0)
        for seed in (0, 1)
    ]


def test_a_run_shows_its_last_epoch_and_its_final_values(make_result):
    history = {name: [9.0, 8.0, float(place)] for place, name in enumerate(CURVES)}
    final = {name: 0.1 * place for place, name in enumerate(FINAL, start=1)}
    result = make_result("elu", 0.3, 5, status="diverged", history=history, **final)
    (row,) = runs_frame([result], ["elu"]).to_dict("records")
    assert row == {
        "variant": "elu",
        "learning_rate": 0.3,
        "seed": 5,
        "status": "diverged",
        "epochs": 3,
        "loss": 0.0,
        "accuracy": 1.0,
        **final,
    }


def test_each_variant_gets_the_rate_with_the_best_mean_validation_accuracy(grid):
    results = grid(
        {
            ("relu", 0.01): [(0.5, 0.9), (0.5, 0.9)],
            ("relu", 0.1): [(0.75, 0.1), (0.375, 0.1)],  # mean 0.5625: best, though bad on test
            ("relu", 1.0): [(1.0, 0.9), (0.0, 0.9)],  # mean 0.5, with the best single run
            ("tanh", 0.01): [(0.75, 0.5), (0.75, 0.5)],
            ("tanh", 0.1): [(0.5, 0.5), (0.5, 0.5)],
        }
    )
    chosen = best_rates(runs_frame(results, ["relu", "tanh"]))
    assert chosen == {"relu": 0.1, "tanh": 0.01}


@pytest.mark.parametrize("order", [(0.01, 0.1, 1.0), (1.0, 0.1, 0.01)])
def test_a_tie_goes_to_the_smaller_rate(grid, order):
    scores = {0.01: [(0.25, 0.5)] * 2, 0.1: [(0.75, 0.5), (0.25, 0.5)], 1.0: [(0.5, 0.5)] * 2}
    results = grid({("relu", rate): scores[rate] for rate in order})
    runs = runs_frame(results, ["relu"])
    assert best_rates(runs) == best_rates(runs.iloc[::-1]) == {"relu": 0.1}


def test_diverged_runs_count_with_the_accuracy_of_their_weights(make_result):
    def cell(rate, scores, status):
        return [
            make_result("relu", rate, seed, status=status, val_accuracy=score)
            for seed, score in enumerate(scores)
        ]

    good = cell(0.1, [0.5, 0.5], "completed")
    one_lost = [
        *cell(1.0, [0.75], "completed"),
        make_result("relu", 1.0, 1, status="diverged", val_accuracy=0.125, val_loss=NAN),
    ]
    summary = summarise([*good, *one_lost], ["relu"], "relu")
    assert summary.table["learning_rate"].tolist() == [0.1]  # (0.75 + 0.125) / 2 < 0.5
    better = [
        replace_score(item, 0.375) if item.status == "diverged" else item for item in one_lost
    ]
    table = summarise([*good, *better], ["relu"], "relu").table
    assert table["learning_rate"].tolist() == [1.0]  # (0.75 + 0.375) / 2 > 0.5
    assert table["diverged"].tolist() == [1]
    assert table["n"].tolist() == [2]


def replace_score(result, val_accuracy):
    result.final["val_accuracy"] = val_accuracy
    return result


def test_curves_hold_the_last_value_of_a_run_that_stopped_early(make_result):
    stopped, other = [0.25, 0.5], [0.5, 0.75, 0.875, 1.0]
    results = [
        make_result(seed=seed, history=curve_history(make_result, scores))
        for seed, scores in enumerate([stopped, other, other])
    ]
    curves = summarise(results, ["relu"], "relu").curves
    shown = curves[curves["metric"] == "val_accuracy"]
    assert shown["epoch"].tolist() == [1, 2, 3, 4]
    cells = [
        mean_interval([early, late, late])
        for early, late in zip([*stopped, 0.5, 0.5], other, strict=True)
    ]
    assert shown["mean"].tolist() == [cell.mean for cell in cells]
    assert shown["low"].tolist() == [max(cell.low, 0) for cell in cells]
    assert shown["high"].tolist() == [min(cell.high, 1) for cell in cells]
    assert set(shown["n"]) == {3}


def test_curves_show_every_metric_at_the_chosen_rate_only(grid):
    cells = {("relu", 0.1): [(0.5, 0.5)], ("relu", 1.0): [(0.75, 0.5)], ("tanh", 0.1): [(0.5, 0.5)]}
    curves = summarise(grid(cells), ["relu", "tanh"], "relu").curves
    keys = list(curves[["variant", "learning_rate", "metric", "epoch"]].itertuples(index=False))
    assert [tuple(key) for key in keys] == [
        (variant, rate, metric, epoch)
        for variant, rate in (("relu", 1.0), ("tanh", 0.1))
        for metric in CURVES
        for epoch in (1, 2)
    ]
    assert curves["mean"].notna().all()
    assert curves[["low", "high"]].isna().all().all()  # one seed


def test_a_curve_with_a_value_that_is_not_finite_is_a_gap(make_result):
    results = [
        make_result(seed=0, history=curve_history(make_result, [0.5, 0.5]) | {"loss": [1.0, NAN]}),
        make_result(seed=1, history=curve_history(make_result, [0.5, 0.5]) | {"loss": [1.0, 2.0]}),
    ]
    curves = summarise(results, ["relu"], "relu").curves
    loss = curves[curves["metric"] == "loss"]
    assert loss["mean"].iloc[0] == 1.0
    assert loss[["mean", "low", "high"]].iloc[1].isna().all()


def test_the_difference_is_taken_seed_by_seed(grid):
    gaps = [3, 1, -1, 2]
    base = [30, 50, 40, 10]
    results = grid(
        {
            ("relu", 0.1): [(0.5, share * STEP) for share in base],
            ("tanh", 0.1): [
                (0.5, (share + gap) * STEP) for share, gap in zip(base, gaps, strict=True)
            ],
        }
    )
    table = summarise(results, ["relu", "tanh"], "relu").table.set_index("variant")
    expected = mean_interval([gap * STEP for gap in gaps])
    row = table.loc["tanh"]
    assert row["difference"] == sum(gaps) / 4 * STEP
    assert (row["difference_low"], row["difference_high"]) == (expected.low, expected.high)
    # Sums of +-3 +-1 +-1 +-2 at least 5 away from 0: 7, 5, 5 and their negatives.
    assert row["p"] == 6 / 16
    assert row["test_accuracy"] == (sum(base) + sum(gaps)) / 4 * STEP
    assert table.loc["relu", ["difference", "difference_low", "difference_high", "p"]].isna().all()


def test_a_seed_without_a_partner_is_in_no_pair(make_result):
    def run(variant, seed, test):
        return make_result(variant, 0.1, seed, test_accuracy=test)

    results = [run("relu", 0, 0.5), run("relu", 1, 0.5), run("tanh", 1, 0.75), run("tanh", 2, 0.0)]
    row = summarise(results, ["relu", "tanh"], "relu").table.set_index("variant").loc["tanh"]
    assert row["difference"] == 0.25
    assert math.isnan(row["p"])
    assert math.isnan(row["difference_low"])


def test_the_order_of_the_results_changes_nothing(make_result):
    generator = random.Random(0)

    def scores(number):
        return [generator.random() for _ in range(number)]

    results = [
        make_result(
            variant,
            rate,
            seed,
            history={name: scores(3) for name in CURVES},
            **dict(zip(FINAL, scores(4), strict=True)),
        )
        for variant in ("tanh", "relu", "elu")
        for rate in (0.01, 0.1, 1.0)
        for seed in range(5)
    ]
    expected = summarise(results, ["relu", "tanh", "elu"], "relu")
    for _ in range(5):
        generator.shuffle(results)
        summary = summarise(results, ["relu", "tanh", "elu"], "relu")
        for name in ("runs", "curves", "table"):
            pd.testing.assert_frame_equal(
                getattr(summary, name), getattr(expected, name), check_exact=True
            )


@pytest.mark.parametrize(("best", "at_edge"), [(0.01, True), (0.1, False), (1.0, True)])
def test_a_rate_at_an_end_of_the_grid_is_marked(grid, best, at_edge):
    cells = {("relu", rate): [(0.75 if rate == best else 0.5, 0.5)] for rate in (0.01, 0.1, 1.0)}
    assert summarise(grid(cells), ["relu"], "relu").table["at_edge"].tolist() == [at_edge]


def test_a_single_rate_has_no_ends_and_each_grid_its_own(grid):
    cells = {
        ("relu", 0.1): [(0.5, 0.5)],
        ("tanh", 0.1): [(0.75, 0.5)],
        ("tanh", 1.0): [(0.5, 0.5)],
    }
    assert summarise(grid(cells), ["relu", "tanh"], "relu").table["at_edge"].tolist() == [
        False,
        True,
    ]


def test_variants_without_runs_are_left_out_and_a_missing_baseline_compares_nothing(grid):
    results = grid({("tanh", 0.1): [(0.5, 0.5)] * 2, ("elu", 0.1): [(0.5, 0.5)] * 2})
    table = summarise(results, ["relu", "elu", "tanh"], "relu").table
    assert table["variant"].tolist() == ["elu", "tanh"]
    assert table[["difference", "p"]].isna().all().all()
    assert table["test_accuracy"].tolist() == [0.5, 0.5]


def test_one_seed_gives_means_and_differences_without_intervals(grid):
    results = grid({("relu", 0.1): [(0.5, 0.5)], ("tanh", 0.1): [(0.5, 0.75)]})
    row = summarise(results, ["relu", "tanh"], "relu").table.set_index("variant").loc["tanh"]
    assert (row["n"], row["test_accuracy"], row["difference"]) == (1, 0.75, 0.25)
    assert row[["test_low", "test_high", "difference_low", "difference_high", "p"]].isna().all()


def test_two_seeds_give_means_and_p_without_intervals(grid):
    cells = {("relu", 0.1): [(0.5, 0.25), (0.5, 0.75)], ("tanh", 0.1): [(0.5, 0.5), (0.5, 1.0)]}
    summary = summarise(grid(cells), ["relu", "tanh"], "relu")
    row = summary.table.set_index("variant").loc["tanh"]
    assert (row["n"], row["test_accuracy"], row["difference"], row["p"]) == (2, 0.75, 0.25, 0.5)
    assert row[["test_low", "test_high", "difference_low", "difference_high"]].isna().all()
    assert summary.curves[["low", "high"]].isna().all().all()


def test_intervals_end_where_shares_and_their_differences_do(grid, make_result):
    cells = {
        ("relu", 0.1): [(0.5, 0.0), (0.5, 0.0), (0.5, 0.25)],
        ("tanh", 0.1): [(0.5, 1.0), (0.5, 1.0), (0.5, 0.25)],
    }
    table = summarise(grid(cells), ["relu", "tanh"], "relu").table.set_index("variant")
    ends = ["test_low", "test_high", "difference_low", "difference_high"]
    assert table.loc["relu", "test_low"] == 0.0
    assert 0 < table.loc["relu", "test_high"] < 1
    assert table.loc["tanh", ends[:2]].tolist() == [0.0, 1.0]
    gap = mean_interval([1.0, 1.0, 0.0])
    assert table.loc["tanh", ends[2:]].tolist() == [gap.low, 1.0]
    losses = [
        make_result(seed=seed, history=curve_history(make_result, [0.5]) | {"loss": [loss]})
        for seed, loss in enumerate([0.0, 0.0, 3.0])
    ]
    curves = summarise(losses, ["relu"], "relu").curves.set_index("metric")
    assert curves.loc["loss", "low"] < 0  # nothing is known of a loss
    assert curves.loc["loss", "high"] > 1
