"""Pictures are drawn when something has changed, and else left as they are."""

import pytest

from zoo.runner import pictures


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "mine"
    made.mkdir()
    (made / "table.csv").write_text("a,b", encoding="utf-8")
    return made


@pytest.fixture
def drawn(folder, monkeypatch):
    """Returns a function that draws if need be: whether it did."""
    times = []

    def plot_results(folder):
        times.append(1)
        (folder / "effect.svg").write_text("drawn", encoding="utf-8")

    monkeypatch.setattr("zoo.figures.kinds.plot_results", plot_results)

    def draw():
        before = len(times)
        pictures.draw(folder)
        return len(times) > before

    return draw


def test_nothing_new_is_not_drawn_again(drawn):
    assert [drawn(), drawn(), drawn()] == [True, False, False]


@pytest.mark.parametrize("name", ["table.csv", "effect.svg"])
def test_what_is_changed_or_gone_is_drawn_again(folder, drawn, name):
    drawn()
    (folder / name).write_text("other", encoding="utf-8")
    assert [drawn(), drawn()] == [True, False]
    (folder / name).unlink()
    assert [drawn(), drawn()] == [True, False]


def test_other_code_draws_again(drawn, monkeypatch):
    drawn()
    monkeypatch.setattr(pictures, "_code", lambda: "another version")
    assert [drawn(), drawn()] == [True, False]


def test_a_folder_of_another_name_has_a_stamp_of_its_own(folder, drawn):
    drawn()
    (folder.parent / "other").mkdir()
    pictures.draw(folder.parent / "other")
    assert (folder.parent / "other" / "effect.svg").is_file()
    assert not drawn()
