import pytest

from zoo.errors import LONGEST_WORD, printable, shortened


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ReLU, 0.1 (He): ä, 零, → 🙂", "ReLU, 0.1 (He): ä, 零, → 🙂"),
        ("a b c", "a b c"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("back\bspace\rreturn\x7f", "back\\x08space\\rreturn\\x7f"),
        ("\x9b31mred", "\\x9b31mred"),  # the one-byte form of the escape
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth\u2028line", "zero\\u200bwidth\\u2028line"),
        ("a\udcffb", "a\\udcffb"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text, shown):
    assert printable(text) == printable(text, kept="") == shown
    assert printable(shown) == shown
    shown.encode("utf-8")


def test_lines_and_tabs_stay_where_they_may():
    assert printable("a\n\tb\x1b") == "a\n\tb\\x1b"
    assert printable("a\n\tb", kept="") == "a\\n\\tb"


def test_only_words_beyond_any_name_are_cut():
    words = f"{'a' * (LONGEST_WORD - 1)} b {'c' * 5000} d"
    assert shortened(words) == f"{'a' * (LONGEST_WORD - 1)} b {'c' * 80}...{'c' * 80} d"
