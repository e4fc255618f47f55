import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.util.tensor_util import make_ndarray

from zoo.errors import ZooError
from zoo.results.tensorboard import write


def read(folder):
    events = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    events.Reload()
    return events


def series(events, tag):
    return [(e.step, make_ndarray(e.tensor_proto).tolist()) for e in events.Tensors(tag)]


def hyperparameters(events, tag):
    content = events.summary_metadata[tag].plugin_data.content
    return plugin_data_pb2.HParamsPluginData.FromString(content)


@pytest.fixture
def results(make_result):
    return [make_result("plateau / 5", 0.1, seed) for seed in (0, 1)] + [make_result("relu", 0.3)]


def test_scalars_are_read_back(tmp_path, results):
    home = write(tmp_path, "schedule", results, {})
    events = read(home / "plateau_5" / "rate=0.1" / "seed=1")
    for name, values in results[1].history.items():
        assert series(events, name) == [
            (1, pytest.approx(values[0])),
            (2, pytest.approx(values[1])),
        ]
        assert events.SummaryMetadata(name).plugin_data.plugin_name == "scalars"
    for name in ("test_accuracy", "val_accuracy", "test_loss", "val_loss"):
        assert series(events, f"final/{name}") == [(2, results[1].final[name])]


def test_histograms_keep_their_counts(tmp_path, results):
    counts = list(range(62))
    rows = [(2, 3, "activation_histogram", counts), (1, 0, "update_ratio", 0.5)]
    home = write(tmp_path, "schedule", results, {results[2].run.key: rows})
    events = read(home / "relu" / "rate=0.3" / "seed=0")
    [(step, table)] = series(events, "activations/layer 2")
    left, right, kept = np.transpose(table)
    assert (step, kept.tolist()) == (3, counts)
    np.testing.assert_allclose(left[1:], right[:-1])
    np.testing.assert_allclose([left[1], right[-2]], [-3.0, 3.0])  # the recorder's outer edges
    assert events.SummaryMetadata("activations/layer 2").plugin_data.plugin_name == "histograms"
    assert series(events, "update_ratio/layer 1") == [(0, 0.5)]


def test_hyperparameters_group_the_seeds_of_a_variant(tmp_path, results):
    home = write(tmp_path, "schedule", results, {})
    groups = []
    for place in ("plateau_5/rate=0.1/seed=0", "plateau_5/rate=0.1/seed=1", "relu/rate=0.3/seed=0"):
        start = hyperparameters(read(home / place), "_hparams_/session_start_info")
        start = start.session_start_info
        groups.append((start.group_name, start.hparams["variant"].string_value))
    assert groups[0] == groups[1] != groups[2]
    assert [variant for _, variant in groups] == ["plateau / 5", "plateau / 5", "relu"]
    columns = hyperparameters(read(home), "_hparams_/experiment").experiment
    assert [info.name for info in columns.hparam_infos] == ["variant", "learning_rate"]
    assert "final/test_accuracy" in [info.name.tag for info in columns.metric_infos]


def test_writing_again_replaces_what_was_there_and_nothing_else(tmp_path, results):
    home = write(tmp_path, "schedule", results, {})
    other = home / "relu" / "events.out.tfevents.of.somebody"
    other.write_text("else")
    write(tmp_path, "schedule", results, {})
    files = [path for path in home.rglob("*") if path.is_file()]
    assert len(files) == 1 + 3 + 1
    assert other.read_text() == "else"


def test_a_folder_that_cannot_be_written_is_named(tmp_path, results):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ZooError, match=r"`--tensorboard` must name a folder.*file"):
        write(blocked, "schedule", results, {})


@pytest.mark.slow
def test_the_command_writes_every_run(zoo, tiny_experiment, tmp_path):
    words = ("run", tiny_experiment, "--results", tmp_path / "r", "--seeds", 2)
    code, out, _ = zoo(*words, "--tensorboard", tmp_path / "board")
    assert code == 0
    assert f"tensorboard --logdir {tmp_path / 'board'}" in out
    runs = list((tmp_path / "board").glob("tiny@seeds=2/*/*/seed=*"))
    assert len(runs) == 2 * 3 * 2  # each grid is widened by one
