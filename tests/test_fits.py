"""What `fit_many` returns."""

import math

import pytest

from zoo.errors import ZooError
from zoo.fits import Fits
from zoo.results.scores import with_r2

NAN = math.nan


@pytest.fixture
def fits(make_result):
    """Returns three runs, of which the second has the best accuracy and the first the best loss."""
    return Fits(
        [
            make_result("model", 0.1, 0, val_accuracy=0.5, val_loss=0.25),
            make_result("model", 0.1, 1, val_accuracy=0.75, val_loss=0.5),
            make_result("model", 0.01, 0, status="diverged", val_accuracy=NAN, val_loss=NAN),
        ]
    )


def test_it_is_a_list(fits, make_result):
    assert isinstance(fits, list)
    assert fits[0] == make_result("model", 0.1, 0, val_accuracy=0.5, val_loss=0.25)
    assert [result.run.seed for result in fits] == [0, 1, 0]
    assert repr(fits) == "<zoo.Fits: 3 runs, 2 learning rates, 1 diverged>"


def test_a_row_a_run_and_a_row_an_epoch(fits):
    frame, curves = fits.frame, fits.curves
    assert list(frame["learning_rate"]) == [0.1, 0.1, 0.01]
    assert list(frame["val_accuracy"])[:2] == [0.5, 0.75]
    assert list(frame["epochs"]) == [2, 2, 2]
    assert list(curves["epoch"]) == [1, 2] * 3
    assert list(curves["val_accuracy"]) == [0.5, 0.75] * 3
    assert list(curves["rate"]) == [0.1] * 4 + [0.01] * 2


def test_the_best_has_the_highest_accuracy_or_the_lowest_loss(fits, make_result):
    assert fits.best() is fits[1]
    assert fits.best("val_loss") is fits[0]
    assert Fits([fits[2], fits[0]]).best() is fits[0]
    assert Fits(fits, of_numbers=True).best() is fits[0]
    lossy = [make_result(rate=r, val_accuracy=NAN, val_loss=r) for r in (0.3, 0.1, 0.2)]
    assert Fits(lossy).best() is lossy[1]


def test_what_no_run_has_is_refused(fits):
    with pytest.raises(ZooError, match=r"No run has the metric 'val_acc'\. Did you mean val_accu"):
        fits.best("val_acc")
    with pytest.raises(ZooError, match="No run has a finite val_accuracy or val_loss"):
        Fits(fits[2:]).best()
    with pytest.raises(ZooError, match=r"No run has a curve of 'los'\. Did you mean loss"):
        fits.plot("los")


@pytest.mark.pictures
def test_the_picture_has_every_run_and_the_mean_of_each_rate(fits):
    [axes] = fits.plot().axes
    assert axes.get_ylabel() == "validation accuracy (%)"
    bold = {line.get_label(): line for line in axes.lines if line.get_linewidth() == 2}
    assert list(bold) == ["learning rate 0.01, mean of 1", "learning rate 0.1, mean of 2"]
    assert list(bold["learning rate 0.1, mean of 2"].get_ydata()) == [50, 75]
    assert len(axes.lines) == 3 + 2
    assert fits.plot("loss").axes[0].get_yscale() == "log"
    assert fits.plot()._repr_png_().startswith(b"\x89PNG")


def test_a_notebook_shows_the_rows(fits):
    assert fits._repr_html_().count("<tr") == 1 + 3


def test_r2_is_the_first_of_what_predicts_numbers(make_result):
    made = [
        make_result(seed=seed, val_accuracy=r2, val_rmse=rmse)
        for seed, r2, rmse in ((0, 0.25, 2.0), (1, 0.5, 3.0))
    ]
    fits = Fits(map(with_r2, made))
    assert fits.best().run.seed == 1
    assert fits.best("val_rmse").run.seed == 0
    assert fits.plot().axes[0].get_ylabel() == "validation R2 (%)"
