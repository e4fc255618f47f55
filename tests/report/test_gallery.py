"""The README's gallery is fresh: its counts and pictures are those of the committed results."""

from pathlib import Path

import pytest

from zoo.errors import ZooError
from zoo.report import gallery

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


def test_the_committed_gallery_is_fresh(zoo, tmp_path):
    before = README.read_text()
    code, _, err = zoo("report", "--gallery", README, "--results", ROOT / "results")
    after = README.read_text()
    README.write_text(before)
    assert (code, err) == (0, "")
    assert after == before, "python -m zoo report --gallery README.md"
    assert before.count("<img ") >= 10


def test_each_topic_has_a_picture_of_the_experiment_with_most_claims(write, tmp_path):
    for name in ("one", "two"):
        (write(name, claims=()) if name == "two" else write(name))
        (tmp_path / name / "effect.png").touch()
        from zoo.results import ledger

        ledger.write(tmp_path / name)
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{gallery.START}\nold\n{gallery.END}\nafter\n")
    gallery.write(readme, tmp_path, {"one": "a_topic", "two": "a_topic", "three": "other"})
    text = readme.read_text()
    assert text.startswith(f"before\n{gallery.START}\n\n3 experiments on 2 topics. 5 verdicts on 5")
    assert text.endswith(f"{gallery.END}\nafter\n")
    assert "old" not in text
    assert text.count("<img ") == 1
    assert '<img src="one/effect.png"' in text
    assert "(one/)<br>a topic" in text


@pytest.mark.parametrize("text", ["", gallery.START, f"{gallery.END}\n{gallery.START}"])
def test_without_its_marks_nothing_is_written(write, tmp_path, text):
    readme = tmp_path / "README.md"
    readme.write_text(text)
    with pytest.raises(ZooError, match="must have the two lines"):
        gallery.write(readme, tmp_path, {})
    assert readme.read_text() == text


def test_a_file_that_is_missing_or_elsewhere_is_named(tmp_path):
    with pytest.raises(ZooError, match=r"must be a text file such as README.md: .*No such file"):
        gallery.write(tmp_path / "none.md", tmp_path, {})
    (tmp_path / "below").mkdir()
    readme = tmp_path / "below" / "README.md"
    readme.write_text(f"{gallery.START}\n{gallery.END}")
    with pytest.raises(ZooError, match="must be a file above the results"):
        gallery.write(readme, tmp_path, {})
