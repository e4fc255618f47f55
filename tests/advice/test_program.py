from types import SimpleNamespace

import keras
import pytest

from zoo.advice import knobs, network
from zoo.advice.knobs import Item, all_turned, items_of
from zoo.advice.program import ARRAYS, FRAME, program
from zoo.data import TableOptions

RECORD = {"name": "mine", "classes": 3, "epochs": 7, "batch_size": 32, "score": "accuracy"}


def text_of(*labels, **changes):
    items, _ = items_of(network.baseline(7, 32), knobs.NAMES)
    chosen = [item for item in items if item.label in labels]
    assert len(chosen) == len(labels)
    text = program(chosen, RECORD | changes, "mine.csv", None, 0.003)
    compile(text, "advice.py", "exec")
    return text, chosen


def layers_of(model):
    return [
        (type(layer).__name__, {k: v for k, v in layer.get_config().items() if k != "name"})
        for layer in model.layers
    ]


@pytest.mark.parametrize(
    "labels",
    [
        (),
        ("width: 300", "normalization: batch normalisation"),
        ("depth: 4", "dropout: 0.3", "activation: gelu"),
        ("weight decay: 0.001", "initialization: glorot_uniform"),
    ],
)
def test_the_network_is_the_one_that_was_trained(labels):
    text, chosen = text_of(*labels)
    built = text[text.index("model = ") : text.index("model.compile")]
    names = {"keras": keras, "layers": keras.layers}
    names["examples"] = SimpleNamespace(input_shape=(5,), num_classes=3)
    exec(built, names)
    recipe = all_turned(network.baseline(7, 32), chosen)
    assert layers_of(names["model"]) == layers_of(recipe.build_model((5,), 3))


def test_what_the_recipe_has_is_written_out():
    text, _ = text_of(
        "optimizer: SGD with momentum",
        "schedule: cosine decay",
        "early stopping: early stopping",
        "batch size: 128",
        "preprocessing: scaled to [0, 1]",
    )
    assert "batch_size=128" in text
    assert "epochs=7" in text
    assert "preprocessing.Range(0.0, 1.0)" in text
    assert "EarlyStopping(patience=10, restore_best_weights=True)" in text
    assert "SGD(keras.optimizers.schedules.CosineDecay(0.003, len(examples.x_train) // 128" in text


def test_numbers_have_squared_error_and_tables_their_options():
    record = RECORD | {"classes": 1, "score": "R2"}
    text = program([], record, "mine.csv", TableOptions(target="y"), 0.001)
    compile(text, "advice.py", "exec")
    assert "keras.losses.MeanSquaredError()" in text
    assert "accuracy" not in text.partition('"""\n')[2]
    assert "table=data.TableOptions(target='y'" in text


def test_a_model_of_ones_own_is_built_by_its_file():
    item = Item("activation", "relu", "tanh", "tanh", "activation")
    text = program([item], RECORD, "mine.csv", None, 0.1, "my.py")
    compile(text, "advice.py", "exec")
    assert "find('my.py').load()" in text
    assert "examples.num_classes, activation='tanh')" in text
    assert "recipe.optimizer(0.1)" in text


@pytest.mark.parametrize("path", [ARRAYS, FRAME, "mine.csv"])
def test_what_was_given_in_memory_is_to_be_saved_first(path):
    text = program([], RECORD, path, None, 0.1)
    compile(text, "advice.py", "exec")
    saved = {ARRAYS: f"numpy.savez('{path}', x=x, y=y)", FRAME: f"frame.to_csv('{path}', "}
    assert ("given first" in text) == (path in saved)
    assert saved.get(path, "") in text
