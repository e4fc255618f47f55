import pytest


@pytest.mark.slow
def test_a_right_experiment_prints_a_line_a_check_and_ends_well(zoo, tiny_experiment):
    code, out, err = zoo("check", tiny_experiment)
    assert (code, err) == (0, "")
    checks = "module question labels claims factories data networks factor"
    training = "training learning repetition effect"
    lines = [line.split(maxsplit=1) for line in out.splitlines() if "note:" not in line]
    assert lines == [[name, "ok"] for name in f"{checks} {training}".split()]
    assert f"note: {tiny_experiment}:1: the docstring: it cites no source" in out


def test_a_wrong_one_is_said_with_file_and_line_and_exit_code_2(zoo, tiny_experiment):
    text = tiny_experiment.read_text(encoding="utf-8")
    wrong = text.replace("optimizers.SGD", "optimizers.SGD(0.1)")
    tiny_experiment.write_text(wrong, encoding="utf-8")
    line = wrong[: wrong.index("optimizer=")].count("\n") + 1
    code, out, err = zoo("check", tiny_experiment)
    assert code == 2
    last = out.splitlines()[-1]
    assert last.startswith(f"factories   {tiny_experiment}:{line}: `optimizer` must be a function")
    assert err == "1 to mend. What comes after it may not have been checked.\n"


def test_every_check_is_one_line(zoo, tiny_experiment):
    text = tiny_experiment.read_text(encoding="utf-8")
    tiny_experiment.write_text(text.replace("import keras", "import kerras"), encoding="utf-8")
    code, out, _ = zoo("check", tiny_experiment)
    assert code == 2
    assert len(out.splitlines()) == 1
    assert "tiny.py:3: ModuleNotFoundError: No module named 'kerras'. " in out


@pytest.mark.slow
def test_a_name_is_checked_too(zoo):
    code, out, err = zoo("check", "optimizer", "--quick")
    assert (code, err) == (0, "")
    assert "note" not in out
    assert "training" not in out
    assert zoo("check", "no_such_experiment")[0] == 2
