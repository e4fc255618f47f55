"""The commands that read results."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from zoo.commands.options import line_width
from zoo.results import files, tables

PLOTS = {"curves.svg", "curves.png", "sweep.svg", "sweep.png"}
PLOTS |= {"effect.svg", "effect.png"}


@pytest.mark.parametrize("form", tables.FORMATS)
def test_table_prints_what_the_results_hold(zoo, results, form):
    code, out, err = zoo("table", "tiny", "--format", form, "--results", results)
    assert (code, err) == (0, "")
    folder = results / "tiny"
    assert out == tables.render(files.read_spec(folder), files.read_table(folder), form)
    kept = {"md": "table.md", "csv": "table.csv"}
    if form in kept:
        assert out.encode() == (folder / kept[form]).read_bytes()


def test_table_without_a_format_is_markdown(zoo, results):
    code, out, _ = zoo("table", "tiny", "--results", results)
    assert code == 0
    assert out.encode() == (results / "tiny" / "table.md").read_bytes()


def test_all_that_follows_from_the_rows_is_written_again(zoo, results, content):
    before = content(results)
    (results / "tiny" / "table.md").write_text("stale")
    for words in (("tiny",), ("--all",)):
        code, out, err = zoo("table", *words, "--write", "--results", results)
        assert (code, out.strip(), err) == (0, str(results / "tiny"), "")
        after = content(results)
        assert set(after) == set(before)
        changed = {name for name in after if after[name] != before[name]}
        assert changed == {"tiny/spec.json"}  # which had no rates


@pytest.mark.parametrize("words", [(), ("--all",), ("tiny", "--all"), ("--write",)])
def test_which_table_is_wanted_has_to_be_said(refuses, words):
    assert "Name the experiment whose table is wanted, or give --write --all." in refuses(
        "table", *words
    )


def test_an_unknown_format_is_refused(refuses):
    assert "must be one of md, csv, latex. Received: 'html'" in refuses(
        "table", "tiny", "--format", "html"
    )


@pytest.mark.parametrize("command", ["table", "plot"])
def test_missing_results_are_said_to_be_missing(refuses, command):
    message = refuses(command, "tinny")
    assert "There are no results for 'tinny'" in message
    assert "Did you mean tiny?" in message
    assert "`python -m zoo run tinny`" in message


@pytest.mark.slow
def test_plot_draws_and_names_the_files(zoo, results, content):
    before = content(results)
    code, out, err = zoo("plot", "tiny", "--results", results)
    assert (code, err) == (0, "")
    assert {Path(line) for line in out.splitlines()} == {results / "tiny" / name for name in PLOTS}
    drawn = content(results)
    assert set(drawn) == set(before) | {f"tiny/{name}" for name in PLOTS}
    assert zoo("plot", "--all", "--results", results)[1] == out
    assert content(results) == drawn  # again changes no byte


def test_plot_for_slides_leaves_the_pictures_of_the_results(zoo, results, content):
    before = content(results)
    words = ("--size", "slide", "--format", "png,pdf", "--kind", "effect", "--variants", "tanh")
    code, out, err = zoo("plot", "tiny", *words, "--results", results)
    assert (code, err) == (0, "")
    own = {f"tiny/pictures/effect-slide-tanh.{form}" for form in ("png", "pdf")}
    assert {Path(line) for line in out.splitlines()} == {results / name for name in own}
    assert set(content(results)) == set(before) | own


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tiny", "--size", "slides"), "Did you mean slide?"),
        (("tiny", "--format", "gif"), "`--format` must be one of svg, png, pdf."),
        (("tiny", "--theme", "drak"), "Did you mean dark?"),
        (("tiny", "--variants", "tahn"), "tiny has no variant 'tahn'. Did you mean tanh?"),
        (("tiny", "--size", "slide", "--kind", "none"), "must be one of the pictures of tiny"),
        (("--all", "--variants", "tanh"), "`--variants` must go with the names of experiments"),
    ],
)
def test_plot_refuses_a_look_that_does_not_exist(refuses, results, words, said):
    assert said in refuses("plot", *words, "--results", results, store=False)


def test_an_interrupt_of_plot_is_answered(zoo, results, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("zoo.figures.kinds.plot_results", interrupted)
    code, _, err = zoo("plot", "tiny", "--results", results)
    assert code == 130
    assert "Interrupted. Each picture is the old one or the new one" in err


def test_plot_all_without_results_is_refused(refuses, tmp_path):
    message = refuses("plot", "--all", "--results", tmp_path / "empty", store=False)
    assert "There are no results in" in message


@pytest.mark.parametrize(
    ("terminal", "columns", "width"), [(True, 90, 90), (True, 900, 400), (False, 90, 400)]
)
def test_lines_are_as_wide_as_the_terminal(monkeypatch, terminal, columns, width):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((columns, 30)))
    assert line_width() == width
