import os
import subprocess
import sys
from pathlib import Path

import pytest

from zoo.errors import ZooError
from zoo.results.files import write_bytes, write_text


def test_a_text_replaces_the_old_one_whole(tmp_path):
    path = tmp_path / "table.md"
    for text in ("old and longer\n", "é\n"):
        write_text(path, text)
        assert path.read_bytes() == text.encode("utf-8")
    assert os.listdir(tmp_path) == ["table.md"]


def test_halves_of_characters_are_written_out(tmp_path):
    write_text(tmp_path / "table.md", "a\udcffb")
    assert (tmp_path / "table.md").read_bytes() == b"a\\udcffb"


class Full(OSError):
    """What a full disk raises."""

    def __init__(self):
        super().__init__(28, "No space left on device")


@pytest.mark.parametrize("failing", ["write_bytes", "replace"])
def test_when_writing_fails_the_old_file_stays_and_nothing_half_written(
    tmp_path, monkeypatch, failing
):
    path = tmp_path / "table.md"
    write_text(path, "old\n")
    whole = Path.write_bytes

    def fail(self, argument):
        if failing == "write_bytes":
            whole(self, argument[:2])
        raise Full

    monkeypatch.setattr(Path, failing, fail)
    with pytest.raises(ZooError, match=r"table.md cannot be written \(No space left") as caught:
        write_text(path, "new and longer\n")
    assert len(str(caught.value).splitlines()) == 1
    assert path.read_text(encoding="utf-8") == "old\n"
    assert os.listdir(tmp_path) == ["table.md"]


def test_when_the_user_interrupts_nothing_half_written_stays(tmp_path, monkeypatch):
    def interrupted(self, argument):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "curves.png", b"1234")
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ZooError, match=r"none/table.md cannot be written \(No such file"):
        write_text(tmp_path / "none" / "table.md", "new\n")


def test_what_a_killed_process_has_half_written_is_removed(tmp_path):
    path = tmp_path / "table.csv"
    code = (
        "import os, pathlib, signal\n"
        "from zoo.results import files\n"
        "pathlib.Path.replace = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"files.write_text(pathlib.Path({str(path)!r}), 'half')\n"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2])
    (left,) = tmp_path.iterdir()  # the second has removed the first's
    assert left.read_text() == "half"
    other = tmp_path / ".table.csv.another-machine.1"
    mine = tmp_path / f"{left.name.rpartition('.')[0]}.{os.getppid()}"  # of a process that runs
    other.write_text("")
    mine.write_text("")
    write_text(path, "whole")
    assert sorted(tmp_path.iterdir()) == sorted([path, other, mine])
