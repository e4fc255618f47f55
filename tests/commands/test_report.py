"""The command that writes the page."""


def test_the_page_is_written_and_named(zoo, results):
    code, out, err = zoo("report", "--results", results)
    assert (code, err) == (0, "")
    assert out.startswith(f"{results / 'index.html'}  (1 experiment, ")
    assert "tiny" in (results / "index.html").read_text(encoding="utf-8")


def test_without_results_it_is_refused(refuses, tmp_path):
    assert "There are no results in" in refuses(
        "report", "--results", tmp_path / "empty", store=False
    )


def test_a_damaged_file_is_named_in_a_line(refuses, results):
    (results / "tiny" / "curves.csv").write_text("nothing,like,it\n")
    message = refuses("report")
    assert "curves.csv" in message
