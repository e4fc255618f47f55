import keras
import numpy as np
import pytest
from keras import layers

from callbacks.preflight import NAMES
from zoo.errors import ZooError
from zoo.runner.preflight import reports, summary_lines, table_lines


@pytest.fixture(autouse=True)
def _cache(monkeypatch, cache_home):
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    monkeypatch.delenv("ZOO_DATA", raising=False)


@pytest.fixture
def save(tmp_path):
    """Returns a function that saves a small model; its path."""

    def make(loss="sparse_categorical_crossentropy", classes=10, shape=(8, 8, 1), out="softmax"):
        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [
                keras.Input(shape),
                layers.Flatten(),
                layers.Dense(32, "relu", kernel_initializer="he_normal"),
                layers.Dense(classes, out),
            ]
        )
        if loss is not None:
            model.compile(keras.optimizers.SGD(0.1), loss)
        path = tmp_path / "mine.keras"
        model.save(path)
        return str(path)

    return make


def results_of(report):
    return {check.name: check.result for check in report.checks}


@pytest.mark.slow
def test_every_variant_is_checked_at_its_middle_rate(tiny_experiment):
    found = list(reports(str(tiny_experiment)))
    assert [(report.variant, report.learning_rate) for report in found] == [
        ("relu", 0.1),
        ("tanh", 0.1),
    ]
    for report in found:
        assert [check.name for check in report.checks] == list(NAMES)
    assert [results_of(report)["saturation"] for report in found] == ["skip", "pass"]


@pytest.mark.slow
def test_variant_rate_and_data_can_be_chosen(tiny_experiment, tmp_path):
    generator = np.random.default_rng(0)
    path = tmp_path / "three.npz"
    np.savez(path, x=generator.normal(size=(300, 6)), y=np.arange(300) % 3)
    (report,) = reports(str(tiny_experiment), variant="tanh", data=str(path), learning_rate=1e-6)
    assert (report.variant, report.learning_rate) == ("tanh", 1e-6)
    found = {check.name: check for check in report.checks}
    assert found["labels"].expected == "integers from 0 to 2"
    assert {found["update ratio"].result, found["overfit"].result} == {"warn"}


@pytest.mark.slow
def test_the_same_words_give_the_same_checks(tiny_experiment):
    first, second = (list(reports(str(tiny_experiment), variant="relu")) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy"])
def test_a_saved_model_is_checked(save, loss):
    (report,) = reports(save(loss), data="digits")
    assert (report.variant, report.learning_rate) == ("mine.keras", None)
    assert {results_of(report)[name] for name in set(NAMES) - {"penalty", "saturation"}} == {"pass"}


@pytest.mark.slow
def test_a_saved_model_takes_another_rate(save):
    (report,) = reports(save(), data="digits", learning_rate=1e-7)
    assert {name for name, result in results_of(report).items() if result == "warn"} == {
        "update ratio",
        "overfit",
    }


def test_a_saved_model_of_the_zoos_layers_is_read(tmp_path):
    from zoo.layers import Swish

    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(16), Swish()])
    model.add(layers.Dense(10, "softmax"))
    # Adam saves a state that the fresh optimizer of a loaded model has no room for.
    model.compile("adam", "sparse_categorical_crossentropy")
    path = tmp_path / "swish.keras"
    model.save(path)
    (report,) = reports(str(path), data="digits")
    assert results_of(report)["finite values"] == "pass"


def refused(name, **options):
    with pytest.raises(ZooError) as raised:
        list(reports(str(name), **options))
    message = str(raised.value)
    assert len(message.splitlines()) <= 2
    return message


def test_wrong_words_are_refused(tiny_experiment, save, tmp_path):
    assert "Did you mean activation" in refused("activatoin")
    assert "Did you mean tanh?" in refused(tiny_experiment, variant="tanj")
    assert "above 0" in refused(tiny_experiment, learning_rate=0.0)
    assert "Did you mean digits?" in refused(tiny_experiment, data="digitz")
    assert "No such file" in refused(tmp_path / "none.keras", data="digits")
    path = save()
    assert "`--data NAME|FILE`" in refused(path)
    assert "`--variant` is for experiments" in refused(path, data="digits", variant="relu")
    assert "above 0" in refused(path, data="digits", learning_rate=0.0)


def test_a_file_that_is_no_model_is_refused(tmp_path):
    path = tmp_path / "junk.keras"
    path.write_text("junk", encoding="utf-8")
    assert "cannot be read as a Keras model" in refused(path, data="digits")


def test_a_model_of_unknown_layers_is_refused(tmp_path):
    class Own(layers.Layer):
        def call(self, inputs):
            return inputs

    model = keras.Sequential([keras.Input((8, 8, 1)), Own(), layers.Flatten(), layers.Dense(10)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    path = tmp_path / "own.keras"
    model.save(path)
    assert "layers of your own" in refused(path, data="digits")


def test_a_model_that_is_not_compiled_is_refused(save):
    assert "SparseCategoricalCrossentropy(from_logits=True)" in refused(save(None), data="digits")


def test_outputs_and_inputs_must_fit_the_data(save):
    assert "7 classes apart and digits has 10" in refused(save(classes=7), data="digits")
    assert "(64,) and digits has (8, 8, 1)" in refused(save(shape=(64,)), data="digits")


def test_a_rate_cannot_replace_a_schedule(tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(10)])
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 100)
    model.compile(keras.optimizers.SGD(schedule), "sparse_categorical_crossentropy")
    path = tmp_path / "schedule.keras"
    model.save(path)
    assert "schedule" in refused(path, data="digits", learning_rate=0.1)


def test_an_experiment_whose_model_ignores_the_classes_is_refused(tiny_experiment):
    text = tiny_experiment.read_text(encoding="utf-8")
    text = text.replace("layers.Dense(num_classes)", "layers.Dense(9)")
    tiny_experiment.write_text(text, encoding="utf-8")
    message = refused(tiny_experiment)
    assert "The network has 9 outputs, for labels from 0 to 8. Received: label 9" in message


def test_one_row_a_variant_and_check(tiny_experiment):
    found = list(reports(str(tiny_experiment)))
    lines = table_lines(found[0], head=True) + table_lines(found[1])
    assert len(lines) == 1 + 2 * len(NAMES)
    assert lines[0].split() == ["variant", "check", "result", "measured", "expected"]
    starts = {
        line.index(check.result)
        for line, check in zip(lines[1:], found[0].checks + found[1].checks, strict=True)
    }
    assert len(starts) <= 2


@pytest.mark.slow
def test_the_summary_says_what_to_do(tiny_experiment):
    found = list(reports(str(tiny_experiment), learning_rate=1e-6))
    lines = summary_lines(found)
    warned = [check for report in found for check in report.checks if check.result == "warn"]
    assert {check.name for check in warned} == {"update ratio", "overfit"}
    for check in warned:
        assert f"warn  {check.name}: {check.advice}" in lines
    assert sum(line.startswith("      - relu at learning rate 1e-06: ") for line in lines) == 2
    assert lines[-1] == "0 of 2 pass every check that applies."
    healthy = summary_lines(list(reports(str(tiny_experiment), variant="relu")))
    assert healthy == [
        "skip  penalty: The model has no penalties.",
        "skip  saturation: No hidden activation has two bounds.",
        "1 of 1 pass every check that applies.",
    ]


# The command.


@pytest.mark.slow
def test_the_command_prints_table_and_advice(zoo, tiny_experiment):
    code, out, err = zoo("preflight", tiny_experiment, "--variant", "relu")
    assert (code, err) == (0, "")
    (report,) = reports(str(tiny_experiment), variant="relu")
    expected = [*table_lines(report, head=True), "", *summary_lines([report])]
    assert out.splitlines() == expected


@pytest.mark.slow
def test_warnings_are_results(zoo, save):
    code, out, _ = zoo("preflight", save(), "--data", "digits", "--learning-rate", "1e-7")
    assert code == 0
    assert "warn  overfit: " in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["activatoin"], "Did you mean activation"),
        (["none.keras", "--data", "digits"], "No such file"),
        (["activation", "--variant", "relo"], "Did you mean relu"),
    ],
)
def test_wrong_words_end_the_command_with_code_2(zoo, words, message):
    code, out, err = zoo("preflight", *words)
    assert (code, out) == (2, "")
    assert message in err


def test_classes_that_training_lacks_are_named(tiny_experiment, monkeypatch):
    from dataclasses import replace

    from zoo.runner import prepare

    load = prepare.datasets.load

    def lacking(*arguments, **keywords):
        data = load(*arguments, **keywords)
        kept = data.y_train != 3
        return replace(data, x_train=data.x_train[kept], y_train=data.y_train[kept])

    monkeypatch.setattr(prepare.datasets, "load", lacking)
    (report,) = reports(str(tiny_experiment), variant="relu")
    check = next(check for check in report.checks if check.name == "class balance")
    assert check.result == "warn"
    assert "3" in check.advice + str(check.where)
