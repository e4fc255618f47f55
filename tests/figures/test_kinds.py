"""Pictures for slides and papers: they fit their page, are legible, and keep the colours."""

import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.textpath import TextPath

from zoo.errors import ZooError
from zoo.figures import kinds
from zoo.figures.kinds import Look, draw, plot_results
from zoo.figures.page import PAGES, DoesNotFitError
from zoo.figures.palette import COLOURS, text_width
from zoo.figures.theme import CONTRAST, PAPER, contrast, dark

LEGIBLE = 1 / 36  # of a slide's height; 15 points on one of 7.5 inches


@pytest.fixture
def folder(write):
    """Returns a results folder of two variants."""
    return write(gap=0.05)


def drawn(folder, kind="effect", **look):
    return draw(folder, kind, Look(**look))


def texts(figure):
    figure.draw_without_rendering()
    return figure.findobj(Text)


@pytest.mark.parametrize("kind", ["effect", "curves", "sweep"])
@pytest.mark.parametrize("size", PAGES)
def test_a_picture_has_the_size_of_its_page_and_all_of_it_is_on_it(folder, kind, size):
    page = PAGES[size]
    figure = drawn(folder, kind, size=size)
    width, height = figure.get_size_inches()
    assert (width, height) == (page.width, page.height or height)
    box = figure.get_tightbbox()
    assert 0 <= box.x0 < box.x1 <= width
    assert 0 <= box.y0 < box.y1 <= height
    smallest = min(text.get_fontsize() for text in texts(figure))
    assert size != "slide" or smallest / 72 > LEGIBLE * height


def test_a_slide_has_the_pixels_of_a_projector(folder):
    svg, png = plot_results(folder, "effect", Look("slide", "dark"))
    assert [path.name for path in (svg, png)] == ["effect-slide-dark.svg", "effect-slide-dark.png"]
    assert svg.parent == folder / "pictures"
    assert matplotlib.image.imread(png).shape[:2] == (1080, 1920)
    assert not (folder / "effect.svg").exists()


def test_a_paper_has_a_caption_of_its_own(folder, spec):
    assert spec["question"] in [text.get_text() for text in texts(drawn(folder))]
    assert spec["question"] not in [text.get_text() for text in texts(drawn(folder, size="paper"))]


def test_the_same_picture_has_the_same_bytes_in_every_format(folder):
    look = Look("paper", forms=("pdf", "svg", "png"))
    first = [path.read_bytes() for path in plot_results(folder, "effect", look)]
    assert [path.read_bytes() for path in plot_results(folder, "effect", look)] == first
    assert first[0].startswith(b"%PDF")
    assert b"CreationDate" not in first[0]


def test_what_is_not_legible_is_refused_with_what_to_do(folder, monkeypatch):
    spec = kinds.read_spec(folder)
    many = spec | {"variants": [*spec["variants"], *(f"v{n}" for n in range(20))]}
    monkeypatch.setattr("zoo.figures.trained.read_spec", lambda _: many)
    for kind in ("effect", "curves"):
        with pytest.raises(DoesNotFitError, match=r"22 variants .* slide.*\n?.*--variants relu"):
            drawn(folder, kind, size="slide")
        drawn(folder, kind, size="slide", variants=("tanh",))


def test_other_variants_are_another_file(folder):
    names = [
        plot_results(folder, "effect", Look("slide", variants=own))[0].name
        for own in ((), ("tanh",), ("relu", "tanh"))
    ]
    assert names == [
        "effect-slide.svg",
        "effect-slide-tanh.svg",
        "effect-slide-relu+tanh.svg",
    ]
    odd = Look(variants=("a/b",)).stem(folder, "effect").name
    assert "/" not in odd
    assert odd != Look(variants=("a:b",)).stem(folder, "effect").name


def test_a_paper_is_no_higher_than_a_page(folder, monkeypatch):
    spec = kinds.read_spec(folder)
    many = spec | {"variants": [*spec["variants"], *(f"v{n}" for n in range(40))]}
    monkeypatch.setattr("zoo.figures.trained.read_spec", lambda _: many)
    with pytest.raises(
        DoesNotFitError, match="42 variants are not legible on a page of size paper"
    ):
        drawn(folder, "sweep", size="paper")


def test_some_variants_keep_their_colours(folder, monkeypatch):
    spec = kinds.read_spec(folder)
    three = spec | {"variants": ["elu", *spec["variants"]]}
    monkeypatch.setattr("zoo.figures.trained.read_spec", lambda _: three)
    figure = drawn(folder, "curves", variants=("tanh",))
    assert [axes.get_title(loc="left").split(",")[0] for axes in figure.axes] == [
        "relu (baseline)",
        "tanh",
    ]
    assert COLOURS[2] in [line.get_color() for line in figure.axes[1].lines]
    with pytest.raises(ZooError, match=r"tiny has no variant 'tan'\. Did you mean tanh"):
        drawn(folder, variants=("tan",))


def test_dark_is_legible_and_leaves_no_light_paper(folder):
    figure = drawn(folder, "curves", theme="dark")
    paper = to_rgb(figure.get_facecolor())
    assert paper == (PAPER,) * 3
    for text in texts(figure):
        assert contrast(to_rgb(text.get_color()), paper) > CONTRAST
    for line in figure.axes[0].lines:
        assert contrast(to_rgb(line.get_color()), paper) > 3
    assert all(contrast(dark(colour)[:3], paper) >= CONTRAST for colour in COLOURS)


def test_contrast_is_that_of_the_guidelines():
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert contrast(to_rgb("#777777"), (1, 1, 1)) == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"size": "silde"}, "`--size` must be one of slide, paper, square. Received: 'silde'"),
        ({"theme": "black"}, "`--theme` must be one of light, dark. Received: 'black'"),
        ({"forms": ("gif",)}, "`--format` must be one of svg, png, pdf. Received: 'gif'"),
    ],
)
def test_a_look_that_does_not_exist_is_named(wrong, said):
    with pytest.raises(ZooError, match=said):
        Look(**wrong)


def test_the_width_of_a_text_is_that_of_its_outline():
    generator = np.random.default_rng(0)
    letters = list("AVfi To wörld\N{MINUS SIGN}0.31 [%]")
    for weight in ("normal", "bold"):
        for _ in range(20):
            text = "x" + "".join(generator.choice(letters, 12))
            font = FontProperties(family="DejaVu Sans", weight=weight)
            outline = TextPath((0, 0), text, size=10.5, prop=font).get_extents().width / 72
            assert text_width(text, 10.5, weight) == pytest.approx(outline, rel=1e-12)
    assert text_width(" ") == 0
