"""What the tests' page is made of: committed experiments, and one with hostile names."""

import json
from html.parser import HTMLParser
from pathlib import Path

from zoo.claims import Claim, Difference
from zoo.report import page
from zoo.results import ledger, tables
from zoo.results.summary import summarise
from zoo.runner import registry
from zoo.runs.run import Result, Run

COMMITTED = Path(__file__).parents[2] / "results"
COPIED = ("momentum", "optimizer_default", "optimizer_default@data=digits")
COPIED += ("optimizer_default@data=mnist5k", "optimizer_default@panel")
ADVICE = "advise/diabetes"
FOLDER = "mine <b>&\"' 漢字"
HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "right\u202eto left",
    "漢字" * 20,
    "long " * 60,
    "]]></svg></style>",
)
CLAIM = Claim(
    "X1 <i>",
    Difference(HOSTILE[1], HOSTILE[0]),
    says="</td><script>alert(2)</script>",
    source='lecture 2; "quoted"',
)


class Reader(HTMLParser):
    """Collects the tags of a page with their attributes, and its text outside of script."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.inside = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_data(self, data):
        if self.inside not in ("script", "style"):
            self.texts.append(data)

    def handle_endtag(self, tag):
        self.inside = ""

    @property
    def said(self):
        return " ".join(" ".join(self.texts).split())


def result(variant, rate, seed):
    """Returns a run whose accuracy depends on all three; a rate of 1 makes the third diverge."""
    place = HOSTILE.index(variant)
    accuracy = 0.5 + 0.03 * place + 0.01 * ((seed * 5 + place) % 4) - 0.1 * (rate == 1)
    curves = {"loss": [2.0, 0.1], "accuracy": [0.2, accuracy], "val_loss": [2.0, 1e30]}
    history = curves | {"val_accuracy": [0.2, accuracy], "learning_rate": [rate, rate / 10]}
    lost = rate == 1 and place == 2
    return Result(
        run=Run(variant, rate, seed, f"{variant}/{rate}/{seed}"),
        status="diverged" if lost else "completed",
        history=history,
        final={
            "val_loss": float("inf") if lost else 1.0,
            "val_accuracy": accuracy,
            "test_loss": 1.0,
            "test_accuracy": accuracy,
        },
        engine="fit",
        device="cpu",
        seconds=0.5,
    )


def write_hostile(root):
    """Writes a results folder with hostile names into a results folder."""
    runs = [result(v, rate, seed) for v in HOSTILE for rate in (0.1, 1.0) for seed in range(8)]
    spec = {
        "experiment": FOLDER,
        "question": "Does <script>alert(3)</script> run?",
        "factor": "activation",
        "baseline": HOSTILE[0],
        "variants": list(HOSTILE),
        "seeds": list(range(8)),
        "learning_rates": {label: [0.1, 1.0] for label in HOSTILE},
        "recipe": {"epochs": 2, "batch_size": 64},
        "data": {"name": "mine<br>.csv", "train": 1151, "validation": 287, "test": 359},
        "claims": [CLAIM.as_dict()],
    }
    tables.write(root / FOLDER, spec, summarise(runs, list(HOSTILE), HOSTILE[0]))
    ledger.write(root / FOLDER)


def write_advice(root):
    """Writes advice on committed data into a results folder, and the same with hostile names."""
    record = json.loads((COMMITTED / ADVICE / "advice.json").read_text(encoding="utf-8"))
    hostile = {"name": HOSTILE[0], "sentence": HOSTILE[1], "network": HOSTILE[6]}
    items = [{**row, "to": HOSTILE[nth % 7]} for nth, row in enumerate(record["items"])]
    for name, changes in ((ADVICE, {}), (f"advise/{FOLDER}", {**hostile, "items": items})):
        (root / name).mkdir(parents=True)
        text = json.dumps(record | changes)
        (root / name / "advice.json").write_text(text, encoding="utf-8")


def write_page(root):
    """Writes the page as the command does."""
    topic_of = {entry.name: entry.topic for entry in registry.entries()}
    return page.write(root, registry.topics(), topic_of)
