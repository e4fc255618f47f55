import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from zoo.commands import app as cli
from zoo.runner import registry

ROOT = Path(registry.__file__).parents[2]
HEAVY = {"keras", "tensorflow", "jax", "torch"}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "plot"])
@pytest.mark.parametrize("words", [(), ("activation", "--all")])
def test_either_names_or_all(refuses, command, words):
    message = refuses(command, *words)
    assert "Name the experiments" in message
    assert "--all" in message


@pytest.mark.parametrize("command", ["run", "show"])
def test_an_unknown_experiment_offers_the_closest(refuses, command):
    message = refuses(command, "activaton", store=command == "run")
    assert "No experiment is called 'activaton'. Did you mean activation" in message


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("list", "--factor", "activation"),
        ("table", "tiny", "--results", "{results}"),
        ("plot", "tiny", "--results", "{results}"),
        ("run",),
        ("run", "activaton"),
        ("run", "activation", "--learning-rates", "abc"),
    ],
)
def test_what_only_reads_imports_no_framework(results, cache_home, words):
    words = [word.format(results=results) for word in words]
    code = (
        "import sys\n"
        f"sys.argv = ['zoo', *{words!r}]\n"
        "from zoo.commands.app import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as stopped:\n"
        f"    assert stopped.code == {2 if words[0] == 'run' else 0}, stopped.code\n"
        f"loaded = {HEAVY!r} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
        "print('none')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(cache_home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("none\n")


def test_an_interrupt_anywhere_in_a_command_is_said(monkeypatch, capsys):
    own = typer.Typer()

    @own.command()
    def stops():
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", own)
    monkeypatch.setattr("sys.argv", ["zoo"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == cli.INTERRUPTED
    assert capsys.readouterr().err == "\nInterrupted.\n"


def test_the_module_is_the_command_line():
    done = subprocess.run(
        [sys.executable, "-m", "zoo", "list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line for line in done.stdout.splitlines() if line.startswith("  ")]
    assert len(lines) == len(registry.entries())


@pytest.mark.parametrize("words", [("lst",), ("list", "--fctor", "x"), ("table",)])
def test_words_that_no_command_knows_are_refused(zoo, words):
    code, out, err = zoo(*words)
    assert (code, out) == (2, "")
    assert "Error: " in err
    assert "Traceback" not in err


def test_the_doctor_reports_a_healthy_store_and_refuses_a_truncated_one(zoo, results):
    code, out, _ = zoo("doctor", "--results", results)
    assert code == 0
    assert f"{2 * 3 * 60} runs of 1 experiments" in out
    assert "keras " in out
    path = results / "zoo.db"
    halved = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(halved)
    code, _, err = zoo("doctor", "--results", results)
    assert code == 2
    assert "is damaged (" in err
    assert path.read_bytes() == halved
