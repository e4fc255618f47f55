import gc
import os
import sys

import pytest

from callbacks.keras_internals import seed_all_but_backend
from zoo.runs.run import Result, Run

pytest.register_assert_rewrite("callback_case", "population_case")

# Programs here run for milliseconds, so XLA and TensorFlow need not make them fast.
QUICK = (
    "--xla_backend_optimization_level=0",
    "--xla_llvm_disable_expensive_passes=true",
    "--xla_cpu_use_fusion_emitters=false",
    "--xla_cpu_parallel_codegen_split_count=1",
)
os.environ.setdefault("XLA_FLAGS", " ".join(QUICK))
# Keras and TensorFlow are half a million objects, which need not be gone through at every thousand.
gc.set_threshold(50_000, 20, 100)

TINY = '''"""Does tanh train a tiny network better than ReLU?"""

import keras
from keras import layers

from zoo.experiment import Experiment, Recipe


def build_model(input_shape, num_classes, activation):
    """Builds an MLP with 8 hidden units."""
    hidden = layers.Dense(8, activation=activation)
    return keras.Sequential(
        [keras.Input(input_shape), layers.Flatten(), hidden, layers.Dense(num_classes)]
    )


EXPERIMENT = Experiment(
    factor="activation",
    baseline="relu",
    variants={"relu": "relu", "tanh": "tanh"},
    recipe=Recipe(
        build_model=build_model,
        data="digits",
        optimizer=keras.optimizers.SGD,
        learning_rates=(0.01, 0.1),
        epochs=2,
        batch_size=64,
    ),
)
'''


@pytest.fixture(autouse=True)
def stated_seed():
    """Gives every test that has Keras the same global seed, wherever and after whatever it runs."""
    if "keras" in sys.modules:
        seed_all_but_backend(0)
    if "tensorflow" in sys.modules:
        optimizer = sys.modules["tensorflow"].config.optimizer
        optimizer.set_experimental_options({"disable_meta_optimizer": True})


def texts_of(figure, forms):
    """Returns the texts of a figure in place of its pictures, which take long to render."""
    from matplotlib.text import Text

    told = "\n".join(text.get_text() for text in figure.findobj(Text))
    return [f"{form}\n{told}".encode() for form in forms]


@pytest.fixture(autouse=True)
def quick_pictures(request, monkeypatch):
    """Has commands lay out their pictures and write what stands in them; `pictures` renders."""
    formats = sys.modules.get("zoo.figures.formats")
    rendered = "figures" in request.path.parts or request.node.get_closest_marker("pictures")
    if formats and not rendered:
        monkeypatch.setattr(formats, "contents_of", texts_of)


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory):
    """Returns a cache folder that the tests of one session share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def tiny_text():
    """Returns the text of an experiment with 2 variants, 2 rates and 2 epochs on digits."""
    return TINY


@pytest.fixture
def tiny_experiment(tmp_path):
    """Returns the path of an experiment with 2 variants, 2 rates and 2 epochs on digits."""
    path = tmp_path / "tiny.py"
    path.write_text(TINY, encoding="utf-8")
    return path


@pytest.fixture
def sized_experiment(tmp_path):
    """Returns the path of the tiny experiment with a third variant, sizes to set, and claims."""
    text = TINY.replace("tiny network", "small network")
    text = text.replace("num_classes, activation)", "num_classes, activation, units=8, bias=True)")
    text = text.replace("Dense(8, activation", "Dense(units, use_bias=bias, activation")
    text = text.replace('"tanh": "tanh"}', '"tanh": "tanh", "leaky 0.1": "leaky_relu"}')
    text = text.replace("from zoo.exp", "from zoo.claims import Claim, Difference\nfrom zoo.exp", 1)
    claims = [
        f'Claim("{name}", Difference("{high}", "relu"), says="{high} is better.")'
        for name, high in (("MINE1", "tanh"), ("MINE2", "leaky 0.1"))
    ]
    text = text.rstrip().removesuffix(")") + f"    claims=[{', '.join(claims)}],\n)\n"
    path = tmp_path / "sized.py"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def zoo(monkeypatch, capsys, cache_home):
    """Returns a function that runs the command line in this process: code, stdout, stderr."""
    from zoo.commands.app import main

    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    monkeypatch.delenv("ZOO_DATA", raising=False)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["zoo", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main(goes_on=False)
        out, err = capsys.readouterr()
        return stopped.value.code, out, err

    return run


@pytest.fixture
def fit_uncompiled():
    """Has the engine `fit` train step by step, for networks without random numbers in training."""
    from uncompiled import uncompiled

    with uncompiled():
        yield


@pytest.fixture
def make_result():
    """Returns a function that makes a finished run; its key follows from variant, rate, seed."""

    def make(variant="relu", rate=0.1, seed=0, *, status="completed", history=None, **final):
        if history is None:
            history = {name: [0.5, 0.25] for name in ("loss", "accuracy", "val_loss")}
            history |= {"val_accuracy": [0.5, 0.75], "learning_rate": [rate, rate]}
        scores = {"val_loss": 1.0, "val_accuracy": 0.5, "test_loss": 1.0, "test_accuracy": 0.5}
        return Result(
            run=Run(variant, rate, seed, f"{variant}/{rate}/{seed}"),
            status=status,
            history=history,
            final=scores | final,
            engine="fit",
            device="cpu",
            seconds=0.5,
        )

    return make


@pytest.fixture
def spec():
    """Returns the declaration of an experiment as run: relu against tanh, 3 rates, 4 seeds."""
    return {
        "experiment": "tiny",
        "question": "Does tanh train a tiny network better than ReLU?",
        "factor": "activation",
        "baseline": "relu",
        "variants": ["relu", "tanh"],
        "seeds": [0, 1, 2, 3],
        "learning_rates": {"relu": [0.01, 0.1, 1.0], "tanh": [0.01, 0.1, 1.0]},
        "recipe": {"epochs": 2, "batch_size": 64},
        "data": {"name": "digits", "train": 1151, "validation": 287, "test": 359},
    }


@pytest.fixture
def write(tmp_path, spec, make_result):
    """Returns a function that writes the results folder of an experiment with claims."""

    from claims_case import CLAIMS, NOISE, SEEDS

    from zoo.results import tables
    from zoo.results.summary import summarise

    def make(name="tiny", claims=CLAIMS, gap=0.25, **changes):
        results = [
            make_result(
                variant,
                rate,
                seed,
                test_accuracy=0.5 + better + noise,
                val_accuracy=0.5 + rate / 10,
                test_loss=1.0 + noise,
                val_loss=seed + (variant == "tanh") / 3,
            )
            for variant, better in (("relu", 0.0), ("tanh", gap))
            for rate in (0.1, 1.0)
            for seed, noise in enumerate(NOISE if variant == "relu" else NOISE[::-1])
        ]
        seeds = list(range(SEEDS))
        summary = summarise(results, ["relu", "tanh"], "relu", ["diverged"], epochs=2, seeds=seeds)
        told = [claim.as_dict() for claim in claims]
        own = spec | {"experiment": name, "seeds": seeds, "claims": told} | changes
        tables.write(tmp_path / name, own, summary)
        return tmp_path / name

    return make
