"""The recommended network as a program in plain Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zoo.advice.knobs import BATCH_SIZE, STOPPING, Item
from zoo.advice.network import PATIENCE, STANDARD
from zoo.data import TableOptions
from zoo.results.advised import title_of

# What data are called that `zoo.advise` was given in memory, and how to save them.
ARRAYS, FRAME = "given_to_advise.npz", "given_to_advise.csv"
SAVING = {
    ARRAYS: f"numpy.savez({ARRAYS!r}, x=x, y=y)",
    FRAME: f"frame.to_csv({FRAME!r}, index=False)",
}
HEAD = '''"""The network that `python -m zoo advise` recommends for {name}.

`python {file}` trains it and tells its {score} on the rows that advice kept back.
`python {file} FILE` takes other data of the same columns.
The zoo reads the data: `pip install .` in its clone makes it a package.{first}
"""

import sys

import keras
{imports}
{more}from zoo.advice.held import examples_of
{find}
DATA = sys.argv[1] if len(sys.argv) > 1 else {path!r}
examples = examples_of(DATA{options})
'''
REST = """model.compile({optimizer}, {loss}{metrics})
model.fit(
    examples.x_train,
    examples.y_train,
    validation_data=(examples.x_validation, examples.y_validation),
    epochs={epochs},
    batch_size={batch_size},{callbacks}
    verbose=2,
)
outputs = model.predict(examples.x_test, verbose=0)
{found}
print(f"{score} {{100 * found:.1f}} % on {{len(examples.y_test)}} rows kept back")
"""
OF_CLASSES = "found = (outputs.argmax(axis=1) == examples.y_test).mean()"
OF_NUMBERS = "found = 1 - ((outputs[:, 0] - examples.y_test) ** 2).mean() / examples.y_test.var()"
CROSSENTROPY = "keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
PREPROCESSING = {
    "scaled to [0, 1]": "preprocessing.Range(0.0, 1.0)",
    "none": "preprocessing.unchanged",
}
OPTIMIZERS = {
    "Adam": "keras.optimizers.Adam({rate})",
    "SGD with momentum": "keras.optimizers.SGD({rate}, momentum=0.9)",
    "RMSprop": "keras.optimizers.RMSprop({rate})",
}


def program(
    items: Sequence[Item],
    record: Mapping[str, Any],
    path: str,
    table: TableOptions | None,
    rate: float,
    experiment: str = "",
) -> str:
    """Returns a Python program that trains the recommended network on the user's data.

    Args:
        items: The knobs that are turned.
        record: The advice, as in `advice.json`.
        path: The data, as `data.load` takes them.
        table: What the user says about a table.
        rate: The learning rate.
        experiment: Path of the user's experiment, whose network it is; empty for the standard one.
    """
    by_knob = {item.knob: item for item in items}
    batch_size = by_knob[BATCH_SIZE].value if BATCH_SIZE in by_knob else record["batch_size"]
    prepared = by_knob.get("preprocessing")
    names = ["data"] * (table is not None) + ["preprocessing"] * (prepared is not None)
    more = f"from zoo import {', '.join(names)}\n" if names else ""
    options = "" if table is None else f", table=data.{table!r}"
    if prepared is not None:
        options += f", preprocessing={PREPROCESSING[prepared.value]}"
    numbers, score = record["classes"] < 2, record["score"]
    head = HEAD.format(
        name=title_of(record).replace("\\", "_").replace('"', "'"),
        file="advice.py",
        first=f"\nSave what `zoo.advise` was given first: `{SAVING[path]}`."
        if path in SAVING
        else "",
        score=score,
        imports="" if experiment else "from keras import layers\n",
        more=more,
        find="from zoo.runner.registry import find\n" if experiment else "",
        path=path,
        options=options,
    )
    keywords = {item.keyword: item.value for item in items if item.keyword}
    body = _of_experiment(experiment, keywords) if experiment else _standard(keywords)
    loss = CROSSENTROPY if not numbers else "keras.losses.MeanSquaredError()"
    if experiment and not numbers:
        loss = "recipe.loss()"
    stopping = (
        f"\n    callbacks=[keras.callbacks.EarlyStopping(patience={PATIENCE}, "
        "restore_best_weights=True)],"
    )
    own = "\n    callbacks=recipe.callbacks()," if experiment else ""
    rest = REST.format(
        optimizer=_optimizer(by_knob, rate, record["epochs"], batch_size, bool(experiment)),
        loss=loss,
        metrics="" if numbers else ', metrics=["accuracy"]',
        epochs=record["epochs"],
        batch_size=batch_size,
        callbacks=stopping if STOPPING in by_knob else own,
        found=OF_NUMBERS if numbers else OF_CLASSES,
        score=score,
    )
    return f"{head}\n{body}\n{rest}"


def _optimizer(
    by_knob: Mapping[str, Item], rate: float, epochs: int, batch_size: int, own: bool
) -> str:
    told = f"{rate:g}"
    if "schedule" in by_knob:
        steps = f"len(examples.x_train) // {batch_size} * {epochs}"
        told = f"keras.optimizers.schedules.CosineDecay({told}, {steps})"
    if "optimizer" in by_knob:
        return OPTIMIZERS[by_knob["optimizer"].value].format(rate=told)
    return f"recipe.optimizer({told})" if own else OPTIMIZERS["Adam"].format(rate=told)


def _standard(keywords: Mapping[str, Any]) -> str:
    """Returns the standard network, written out, with some of its keywords changed."""
    own = {**STANDARD, **keywords}
    dense = f"layers.Dense({own['units']}, kernel_initializer={own['initializer']!r}"
    if own["weight_decay"]:
        dense += f", kernel_regularizer=keras.regularizers.L2({own['weight_decay']:g})"
    lines = [f"    model.add({dense}))"]
    if own["batch_norm"]:
        lines.append("    model.add(layers.BatchNormalization())")
    lines.append(f"    model.add(layers.Activation({own['activation']!r}))")
    if own["dropout"]:
        lines.append(f"    model.add(layers.Dropout({own['dropout']:g}))")
    return "\n".join(
        [
            "model = keras.Sequential([keras.Input(examples.input_shape), layers.Flatten()])",
            f"for _ in range({own['depth']}):",
            *lines,
            "model.add(layers.Dense(examples.num_classes))",
        ]
    )


def _of_experiment(path: str, keywords: Mapping[str, Any]) -> str:
    """Returns how the network of a user's experiment is built."""
    changes = "".join(f", {name}={value!r}" for name, value in keywords.items())
    return "\n".join(
        [
            f"experiment = find({path!r}).load()",
            "recipe = experiment.recipe_for(experiment.baseline)",
            f"model = recipe.build_model(examples.input_shape, examples.num_classes{changes})",
        ]
    )
