"""Writes `bicycles.db`, the database of a town's hired bicycles: the same rows everywhere."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

SCHEMA = """
CREATE TABLE station (id INTEGER PRIMARY KEY, name TEXT, district TEXT, docks INTEGER);
CREATE TABLE bicycle (id INTEGER PRIMARY KEY, model TEXT, bought DATE, scrapped DATE);
CREATE TABLE rider (id INTEGER PRIMARY KEY, name TEXT, born INTEGER, plan TEXT);
CREATE TABLE trip (
    id INTEGER PRIMARY KEY,
    rider INTEGER REFERENCES rider (id),
    bicycle INTEGER REFERENCES bicycle (id),
    began_at INTEGER REFERENCES station (id),
    ended_at INTEGER REFERENCES station (id),
    began TIMESTAMP,
    minutes INTEGER
);
CREATE TABLE repair (
    id INTEGER PRIMARY KEY,
    bicycle INTEGER REFERENCES bicycle (id),
    done DATE,
    part TEXT,
    cents INTEGER
);
CREATE VIEW long_trip AS SELECT * FROM trip WHERE minutes > 60;
"""
PLACES = ("Harbour", "Castle", "Market", "University", "Hospital", "Mill", "Stadium", "Park", "Airport")
NAMES = ("Ada", "Bo", "Chen", "Dana", "Eli", "Fay", "Gus", "Hana", "Ivo", "Jun", "Kim", "Lea", "Noor")
FIRST = datetime(2024, 1, 1, 6)
STATIONS, BICYCLES, RIDERS, TRIPS, REPAIRS = len(PLACES), 60, 120, 1500, 140


def write(database: Path, *, seed: int = 7) -> None:
    """Write the database; one that is there is replaced."""
    draw = random.Random(seed)  # noqa: S311 - draws what is no secret
    database.unlink(missing_ok=True)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executescript(SCHEMA)
        for number, place in enumerate(PLACES, 1):
            row = (number, place, draw.choice(("North", "South", "East")), draw.randint(8, 30))
            connection.execute("INSERT INTO station VALUES (?, ?, ?, ?)", row)
        for number in range(1, BICYCLES + 1):
            scrapped = day(draw, 90) if draw.random() < 0.1 else None
            row = (number, draw.choice(("Swift", "Cargo", "Electra")), day(draw, -700), scrapped)
            connection.execute("INSERT INTO bicycle VALUES (?, ?, ?, ?)", row)
        for number in range(1, RIDERS + 1):
            plan = draw.choice(("day", "month", "year"))
            row = (number, f"{draw.choice(NAMES)} {number}", draw.randint(1940, 2008), plan)
            connection.execute("INSERT INTO rider VALUES (?, ?, ?, ?)", row)
        for number in range(1, TRIPS + 1):
            connection.execute("INSERT INTO trip VALUES (?, ?, ?, ?, ?, ?, ?)", (number, *trip(draw)))
        for number in range(1, REPAIRS + 1):
            part = draw.choice(("brake", "chain", "lamp", "saddle", "tyre"))
            row = (number, draw.randint(1, BICYCLES), day(draw, 365), part, draw.randrange(500, 9000, 50))
            connection.execute("INSERT INTO repair VALUES (?, ?, ?, ?, ?)", row)


def trip(draw: random.Random) -> tuple[object, ...]:
    """A trip without its number; two of a hundred have not ended."""
    began = FIRST + timedelta(minutes=draw.randrange(365 * 24 * 60))
    begins, ends = draw.choices(range(1, STATIONS + 1), weights=range(2, STATIONS + 2), k=2)
    who = draw.randint(1, RIDERS - 10), draw.randint(1, BICYCLES)
    minutes = int(draw.lognormvariate(3, 0.7))
    if draw.random() < 0.02:
        return (*who, begins, None, began.isoformat(" "), None)
    return (*who, begins, ends, began.isoformat(" "), minutes)


def day(draw: random.Random, most: int) -> str:
    """A day at most so many days after the first, or before it."""
    return (FIRST + timedelta(days=draw.randrange(0, most, 1 if most > 0 else -1))).date().isoformat()


if __name__ == "__main__":
    write(Path("bicycles.db"))
