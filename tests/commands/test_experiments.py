"""The commands `list` and `show`."""

import pytest

from zoo.runner import registry


def test_list_shows_every_name_with_its_question(zoo):
    code, out, err = zoo("list")
    assert (code, err) == (0, "")
    entries = sorted(registry.entries(), key=lambda entry: (entry.topic, entry.name))
    lines = [line for line in out.splitlines() if line.startswith("  ")]
    assert [line.split()[0] for line in lines] == [entry.name for entry in entries]
    for line, entry in zip(lines, entries, strict=True):
        assert entry.question in line
    headings = [line for line in out.splitlines() if not line.startswith("  ")]
    assert headings == [f"{name}: {question}" for name, question in registry.topics().items()]
    starts = {line.index(entry.question) for line, entry in zip(lines, entries, strict=True)}
    assert len(starts) == 1  # one column


@pytest.mark.parametrize("factor", sorted({entry.factor for entry in registry.entries()}))
def test_list_shows_the_experiments_on_one_factor(zoo, factor):
    code, out, _ = zoo("list", "--factor", factor)
    assert code == 0
    expected = {entry.name for entry in registry.entries() if entry.factor == factor}
    shown = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
    assert len(shown) == len(expected)
    assert set(shown) == expected


def test_list_shows_the_experiments_on_one_topic(zoo, refuses):
    _, out, _ = zoo("list", "--topic", "depth")
    heading, *lines = out.splitlines()
    assert heading == f"depth: {registry.topics()['depth']}"
    shown = [line.split()[0] for line in lines]
    assert shown == sorted(path.stem for path in (registry.FOLDER / "depth").glob("[a-z]*.py"))
    message = refuses("list", "--topic", "depht", store=False)
    assert "No experiment is on the topic 'depht'. Did you mean depth?" in message


def test_an_unknown_factor_offers_the_closest(refuses):
    message = refuses("list", "--factor", "activaton", store=False)
    assert "No experiment varies 'activaton'. Did you mean activation or augmentation?" in message


def test_show_names_factor_variants_rates_and_data(zoo, tiny_experiment):
    code, out, err = zoo("show", tiny_experiment)
    assert (code, err) == (0, "")
    assert out.startswith("Does tanh train a tiny network better than ReLU?\n")
    (relu,) = [line for line in out.splitlines() if line.split()[:1] == ["relu"]]
    assert "learning rates 0.01, 0.1" in relu
    assert relu.endswith("(baseline)")
    assert "data           digits" in out
    assert "epochs         2, batch size 64" in out


def test_damaged_verdicts_hide_no_experiment(zoo, tmp_path):
    folder = tmp_path / "activation"
    folder.mkdir()
    (folder / "verdicts.csv").write_bytes("id,verdict\n".encode("utf-16"))
    code, out, err = zoo("list", "--results", tmp_path)
    assert code == 2
    assert len(out.splitlines()) > len(registry.entries())
    assert out.count("(verdicts.csv is damaged)") == 1
    assert f"{folder / 'verdicts.csv'} is damaged: it is not UTF-8 text (byte 0)." in err
    (folder / "verdicts.csv").write_text("id,verdict\nACT01,maybe\n")
    assert zoo("list", "--results", tmp_path)[0] == 2
