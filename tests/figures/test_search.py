import numpy as np
import pandas as pd
import pytest

from zoo.figures.search import draw_grid_and_random, draw_parallel
from zoo.search_space import Dimension

SPEC = {
    "kind": "search",
    "question": "Which?",
    "data": "d",
    "epochs": 2,
    "executions": 1,
    "objective": "val_accuracy",
    "direction": "max",
}
SPACE = {
    "variant": Dimension("variant", choices=("a", "b", "c")),
    "lr": Dimension("lr", 1e-4, 1.0, "log"),
    "units": Dimension("units", choices=(8, 16)),
}


@pytest.fixture
def trials():
    """Returns 40 trials whose score follows from the learning rate alone."""
    generator = np.random.default_rng(0)
    rates = 10 ** generator.uniform(-4, 0, 40)
    return pd.DataFrame(
        {
            "stage": 1,
            "score": 1 - np.abs(np.log10(rates) + 1) / 4,
            "diverged": (rates > 0.5).astype(int),
            "variant": generator.choice(["a", "b", "c"], 40),
            "lr": rates,
            "units": generator.choice([8.0, 16.0], 40),
        }
    )


def test_every_trial_is_a_line_and_those_that_diverged_are_dotted(trials):
    spec = {**SPEC, "strategy": "random"}
    [axes] = draw_parallel(spec, trials, SPACE).axes
    lines = [line for line in axes.lines if len(line.get_xdata()) == 3]
    assert len(lines) == 40
    assert sum(line.get_linestyle() == ":" for line in lines) == trials["diverged"].sum()


@pytest.mark.slow
def test_a_grid_beside_a_random_search_is_drawn_with_it(zoo, tiny_experiment, tmp_path):
    words = ("tune", tiny_experiment, "--results", tmp_path, "--trials", 6, "--epochs", 1)
    assert zoo(*words, "--strategy", "random")[0] == 0
    assert not list(tmp_path.glob("**/grid_and_random.svg"))
    assert zoo(*words, "--strategy", "grid")[0] == 0
    [picture] = tmp_path.glob("**/grid_and_random.svg")
    assert picture.parent.name.startswith("tiny@grid")
    text = picture.read_text(encoding="utf-8")
    assert "grid: 6 trials, 3 values of learning rate" in text
    assert "random: 6 trials, 6 values of learning rate" in text


def test_a_grid_tries_fewer_values_of_what_it_shows(trials):
    spec = {**SPEC, "strategy": "grid"}
    pair = {"grid": trials.head(9).assign(lr=[1e-3, 1e-2, 1e-1] * 3), "random": trials}
    figure = draw_grid_and_random(spec, pair, SPACE)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["grid: 9 trials, 3 values of lr", "random: 40 trials, 40 values of lr"]
    planes = figure.axes[0], figure.axes[2]
    assert planes[0].get_xlim() == planes[1].get_xlim()
    shown = [len(axes.collections[0].get_offsets()) for axes in planes]
    assert shown == [9, 40]
