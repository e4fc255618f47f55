"""Keeps every run: SQLite, one transaction for each finished run."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from zoo.errors import ZooError
from zoo.runs.rights import unpacked
from zoo.runs.run import Result, Run

SCHEMA = 1
# Beside the runs, so that a store without it stays readable.
RECORDS = """
CREATE TABLE IF NOT EXISTS records (
    key TEXT PRIMARY KEY,
    rows TEXT NOT NULL      -- JSON list of [layer, epoch, metric, value]
);
"""
RIGHTS = """
CREATE TABLE IF NOT EXISTS rights (
    key TEXT PRIMARY KEY,
    bits TEXT NOT NULL      -- which test examples are right, as `zoo.runs.rights` writes it
);
"""
CELLS = """
CREATE TABLE IF NOT EXISTS cells (
    key TEXT PRIMARY KEY,
    experiment TEXT NOT NULL,
    variant TEXT NOT NULL,
    seed INTEGER NOT NULL,
    rows TEXT NOT NULL      -- JSON list of [metric, place, number or [shares, edges]]
);
"""
TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE runs (
    key TEXT PRIMARY KEY,
    experiment TEXT NOT NULL,
    variant TEXT NOT NULL,
    learning_rate REAL NOT NULL,
    seed INTEGER NOT NULL,
    status TEXT NOT NULL,
    final TEXT NOT NULL,    -- JSON object: name -> number
    history TEXT NOT NULL,  -- JSON object: metric -> one number an epoch
    engine TEXT NOT NULL,
    device TEXT NOT NULL,
    seconds REAL NOT NULL
);
"""
FILE = "zoo.db"  # in the results folder

_checked: dict[Path, tuple[int, int, int]] = {}  # inode, size and time of what was found sound


class Store:
    """The finished runs of one results folder, in `zoo.db`.

    Several processes may share it. Use it as a context manager, or call `close`.

    What is kept outlives the process, however that ends. A power cut or a crash of the system may
    take the runs of the last moments, whole ones, and damages nothing: the same command trains
    them again. Waiting for the disk after every run would cost more than it saves.

    Args:
        folder: The results folder; made if it does not exist.

    Raises:
        ZooError: If the folder cannot be written, or its store is damaged or of another version.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.path, timeout=60, isolation_level=None)
            self._open()
        except OSError as error:
            raise ZooError(
                f"The results folder must be writable. Received: {folder} ({error.strerror}). "
                "Name another with --results."
            ) from error
        except sqlite3.OperationalError as error:
            self._close_quietly()
            raise ZooError(
                f"The store {self.path} cannot be opened for writing ({error}). "
                "Check the folder's permissions or name another with --results."
            ) from error
        except sqlite3.DatabaseError as error:
            self._close_quietly()
            raise self._damaged(error) from error

    def _open(self) -> None:
        self._check()
        self._connection.execute("BEGIN IMMEDIATE")
        known = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not known:
            for statement in (TABLES + RECORDS + RIGHTS + CELLS).split(";"):
                self._connection.execute(statement)
            self._connection.execute("INSERT INTO meta VALUES ('schema', ?)", (str(SCHEMA),))
        self._connection.execute("COMMIT")
        try:
            query = "SELECT value FROM meta WHERE name = 'schema'"
            (found,) = self._connection.execute(query).fetchone() or ("none",)
        except sqlite3.OperationalError:
            found = "none"
        if found != str(SCHEMA):
            self.close()
            raise ZooError(
                f"The store {self.path} was written by another version of the zoo (schema {found}, "
                f"expected {SCHEMA}). Move it away, or name another folder with --results."
            )
        # SQLite does not wait for others here. The file keeps its mode, so whoever opens it next
        # sets it; and only now, so that a store that is refused above is left as it was.
        with contextlib.suppress(sqlite3.OperationalError):
            (mode,) = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
            if mode == "wal":  # without it the file itself could be damaged
                self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(RECORDS)
        self._connection.execute(RIGHTS)
        self._connection.execute(CELLS)

    def _check(self) -> None:
        """Checks the file, unless this process has done so and it is as it was."""
        status = self.path.stat()
        found = status.st_ino, status.st_size, status.st_mtime_ns
        if _checked.get(self.path) == found:
            return
        check = self._connection.execute("PRAGMA quick_check").fetchone()[0]
        if check != "ok":
            raise sqlite3.DatabaseError(check.splitlines()[0])
        _checked[self.path] = found

    def _close_quietly(self) -> None:
        if hasattr(self, "_connection"):
            self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _execute(self, query: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        try:
            return self._connection.execute(query, values)
        except sqlite3.OperationalError as error:
            raise ZooError(
                f"The store {self.path} cannot be used any more ({error}). Make room or check the "
                "folder's permissions, then run the same again: what it keeps is not lost."
            ) from error
        except sqlite3.ProgrammingError:  # a mistake of the zoo's
            raise
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    @contextlib.contextmanager
    def _at_once(self) -> Iterator[None]:
        """Keeps all that is written meanwhile, or nothing of it."""
        self._execute("BEGIN IMMEDIATE")
        try:
            yield
            self._execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.rollback()
            raise

    def _damaged(self, why: object) -> ZooError:
        return ZooError(
            f"The store {self.path} is damaged ({why}). Nothing was changed: move it away, or name "
            "another results folder with --results."
        )

    def _read(self, text: str) -> Any:
        try:
            return json.loads(text)
        except (TypeError, ValueError) as error:
            raise self._damaged(error) from error

    def _bits(self, text: str) -> str:
        try:
            if text:
                unpacked(text)
        except (AttributeError, TypeError, ValueError) as error:
            raise self._damaged(f"which examples are right: {error}") from error
        return text

    def add(self, experiment: str, result: Result) -> None:
        """Keeps one finished run, replacing an earlier one with the same key."""
        run = result.run
        row = (
            run.key,
            experiment,
            run.variant,
            run.learning_rate,
            run.seed,
            result.status,
            json.dumps(result.final),
            json.dumps(result.history),
            result.engine,
            result.device,
            result.seconds,
        )
        rights, marks = (run.key, result.rights), ", ".join("?" * len(row))
        with self._at_once():
            if result.rights:
                self._execute("INSERT OR REPLACE INTO rights VALUES (?, ?)", rights)
            else:
                self._execute("DELETE FROM rights WHERE key = ?", rights[:1])
            self._execute(f"INSERT OR REPLACE INTO runs VALUES ({marks})", row)

    def known(self, keys: Iterable[str]) -> set[str]:
        """Returns those of the keys whose runs are kept."""
        kept = {key for (key,) in self._execute("SELECT key FROM runs")}
        return kept.intersection(keys)

    def has(self, experiment: str) -> bool:
        """Returns whether runs or cells were trained or measured for a results folder."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM runs WHERE experiment = ?1) "
            "OR EXISTS (SELECT 1 FROM cells WHERE experiment = ?1)"
        )
        return bool(self._execute(query, (experiment,)).fetchone()[0])

    def seconds(self, experiment: str) -> dict[str, float]:
        """Returns the mean seconds of the runs of a results folder, by variant."""
        query = "SELECT variant, avg(seconds) FROM runs WHERE experiment = ? GROUP BY variant"
        return {label: float(mean) for label, mean in self._execute(query, (experiment,))}

    def results(self, runs: Iterable[Run]) -> list[Result]:
        """Returns the results of those of the runs that are kept, in the given order.

        Runs that were kept by an older version have no `rights`.
        """
        results = []
        query = (
            "SELECT status, final, history, engine, device, seconds, coalesce(bits, '') "
            "FROM runs LEFT JOIN rights USING (key) WHERE key = ?"
        )
        for run in runs:
            row = self._execute(query, (run.key,)).fetchone()
            if row is not None:
                status, final, history, engine, device, seconds, rights = row
                numbers, curves = self._read(final), self._read(history)
                where = engine, device, seconds
                results.append(Result(run, status, curves, numbers, *where, [], self._bits(rights)))
        return results

    def add_records(self, key: str, rows: Sequence[tuple[int, int, str, Any]]) -> None:
        """Keeps what was recorded in a run: rows of layer, epoch, metric, value."""
        row = (key, json.dumps(rows))
        self._execute("INSERT OR REPLACE INTO records VALUES (?, ?)", row)

    def records(self, keys: Iterable[str]) -> dict[str, list[tuple[int, int, str, Any]]]:
        """Returns what was recorded, by the key of the run, for those that have records."""
        found = {}
        for key in keys:
            query = "SELECT rows FROM records WHERE key = ?"
            row = self._execute(query, (key,)).fetchone()
            if row is not None:
                found[key] = [tuple(line) for line in self._read(row[0])]
        return found

    def add_cell(
        self, key: str, experiment: str, variant: str, seed: int, rows: Sequence[Sequence[Any]]
    ) -> None:
        """Keeps what was measured of a variant with a seed: rows of metric, place, number."""
        row = (key, experiment, variant, seed, json.dumps(rows))
        self._execute("INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?)", row)

    def cell(self, key: str) -> list[Any] | None:
        """Returns what was measured, or None if it is not kept."""
        row = self._execute("SELECT rows FROM cells WHERE key = ?", (key,)).fetchone()
        return None if row is None else list(self._read(row[0]))

    def noted(self, name: str) -> str:
        """Returns what `note` was last told under a name; empty if nothing."""
        row = self._execute("SELECT value FROM meta WHERE name = ?", (name,))
        return (row.fetchone() or ("",))[0]

    def note(self, name: str, value: str) -> None:
        """Keeps a text under a name, such as a digest of a folder when its pictures were drawn."""
        self._execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def summary(self) -> Mapping[str, Any]:
        """Returns how many runs are kept, of how many experiments, and the file's bytes."""
        query = "SELECT count(*), count(DISTINCT experiment), coalesce(sum(seconds), 0) FROM runs"
        runs, experiments, seconds = self._execute(query).fetchone()
        query = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        (size,) = self._execute(query).fetchone()
        return {"runs": runs, "experiments": experiments, "seconds": seconds, "bytes": size}
