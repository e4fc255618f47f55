"""The command that lists the runs behind something."""


def test_runs_behind_a_picture_are_listed(zoo, results):
    (results / "tiny" / "effect.svg").touch()
    code, out, err = zoo("why", results / "tiny" / "effect.svg")
    assert (code, err) == (0, "")
    assert out.startswith("tiny effect: ")
    assert len([line for line in out.splitlines() if " completed" in line]) == 120


def test_what_there_is_not_is_refused(refuses):
    assert "WHAT must be a claim's id, or a picture" in refuses("why", "results/nothing.svg")
    assert "There are no verdicts" in refuses("why", "DRO09")
