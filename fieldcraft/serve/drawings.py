"""The curve of items and the map of a live page, as small SVG elements without text of a run in them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from markupsafe import Markup

from fieldcraft.agent.journal.course.news import SQUARE
from fieldcraft.envs import Chart

Point = tuple[float, float]

WIDTH, HEIGHT = 460, 220
LEFT, RIGHT, TOP, BOTTOM = 36, 14, 12, 26
POINTS = 500
"""The most points of a curve or a walk that are drawn."""
SQUARES = 2_000


def items_curve(curves: Sequence[Sequence[Point]], milestones: Sequence[Point] = ()) -> Markup:
    """Distinct items over iterations: one line a run, with numbered discs at the milestones.

    Args:
        curves: of each run the iterations at which the number of items grew, and the new numbers.
        milestones: the iteration of each milestone and the items held then, in their order.
    """
    points = [point for curve in curves for point in curve] or [(0, 0)]
    most_x, most_y = max(1.0, *(x for x, _ in points)), max(1.0, 1.08 * max(y for _, y in points))

    def place(point: Point) -> Point:
        x = LEFT + (WIDTH - LEFT - RIGHT) * min(point[0] / most_x, 1.0)
        return round(x, 1), round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(point[1] / most_y, 1.0), 1)

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" class="chart">', *_axes(most_x, most_y, place)]
    for number, curve in enumerate(curves):
        places = [place(point) for point in _thinned(curve)]
        if places:
            line = f"M{places[0][0]} {places[0][1]}" + "".join(f"H{x}V{y}" for x, y in places[1:])
            parts.append(f'<path class="curve c{number}" d="{line}"/>')
            parts.append(f'<circle class="dot c{number}" cx="{places[-1][0]}" cy="{places[-1][1]}" r="4"/>')
    parts += _discs([place(point) for point in milestones])
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704 - numbers only


def _axes(most_x: float, most_y: float, place: object) -> list[str]:
    assert callable(place)
    parts = []
    for value in _ticks(most_y):
        _, y = place((0, value))
        parts.append(f'<path class="rule" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{value:,}</text>')
    for value in _ticks(most_x):
        x, _ = place((value, 0))
        parts.append(f'<text x="{x}" y="{HEIGHT - 8}" text-anchor="middle">{value:,}</text>')
    return parts


def _ticks(most: float) -> list[int]:
    """From 0 on, at most five round numbers up to `most`."""
    rough = max(1.0, most / 4)
    power = 10 ** math.floor(math.log10(rough))
    step = next(int(factor * power) for factor in (1, 2, 5, 10) if factor * power >= rough)
    return list(range(0, int(most) + 1, step))


def _discs(places: Sequence[Point]) -> list[str]:
    """Numbered discs; one that would cover the one before it is moved to the right."""
    parts: list[str] = []
    taken: list[Point] = []
    for number, (x, y) in enumerate(places, 1):
        while any(math.dist((x, y), other) < 16 for other in taken) and x < WIDTH - RIGHT:
            x += 16  # noqa: PLW2901 - it is moved
        taken.append((x, y))
        parts.append(f'<circle class="disc" cx="{x}" cy="{y}" r="8"/>')
        parts.append(f'<text class="in" x="{x}" y="{y + 4}" text-anchor="middle">{number}</text>')
    return parts


def walked_map(
    trodden: Mapping[str, int], walk: Sequence[Point], land: Chart | None = None, picture: str = ""
) -> Markup:
    """The ground that was walked, from above: east to the right, south down; empty without positions.

    Args:
        trodden: how often a program ended on each square, as `RunState.trodden` has it.
        walk: the places where the latest programs ended, the newest last.
        land: where the picture of the land belongs.
        picture: the address of that picture.
    """
    squares = _squares(trodden)
    walk = _thinned([point for point in walk if all(map(math.isfinite, point))])
    if not walk and not squares:
        return Markup()
    corners = [*walk, *((x, z) for x, z, _ in squares), *((x + SQUARE, z + SQUARE) for x, z, _ in squares)]
    if land is not None:
        corners += [(land.west, land.north), (land.west + land.across, land.north + land.down)]
    west, north, across, down = _box(corners)
    parts = [f'<svg viewBox="{west:.1f} {north:.1f} {across:.1f} {down:.1f}" role="img" class="map">']
    if land is not None:
        parts.append(
            f'<image href="{picture}" x="{land.west:.1f}" y="{land.north:.1f}" width="{land.across:.1f}" '
            f'height="{land.down:.1f}" preserveAspectRatio="none" class="land"/>'
        )
    busiest = max((count for _, _, count in squares), default=1)
    for x, z, count in squares if land is None else ():
        weight = 0.1 + 0.35 * math.log1p(count) / math.log1p(busiest)
        parts.append(
            f'<rect class="trodden" x="{x}" y="{z}" width="{SQUARE}" height="{SQUARE}" '
            f'fill-opacity="{weight:.2f}"/>'
        )
    line = " ".join(f"{x:.1f},{z:.1f}" for x, z in walk)
    parts.append(f'<polyline class="walk" points="{line}"/>')
    if walk:
        parts.append(f'<path class="here" d="M{walk[-1][0]:.1f} {walk[-1][1]:.1f}h0"/>')
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704 - numbers and an address of ours only


def _squares(trodden: Mapping[str, int]) -> list[tuple[int, int, int]]:
    found = []
    for key, count in list(trodden.items())[-SQUARES:]:
        east, _, south = key.partition(" ")
        try:
            found.append((int(east) * SQUARE, int(south) * SQUARE, max(1, count)))
        except ValueError:
            continue
    return found


def _box(corners: Sequence[Point]) -> tuple[float, float, float, float]:
    """West, north, width and height of what is shown: all corners, at least half as high as wide."""
    xs, zs = [x for x, _ in corners], [z for _, z in corners]
    across, down = max(16.0, 1.1 * (max(xs) - min(xs))), max(16.0, 1.1 * (max(zs) - min(zs)))
    across, down = max(across, down), max(down, across / 2)
    return (max(xs) + min(xs) - across) / 2, (max(zs) + min(zs) - down) / 2, across, down


def _thinned(points: Sequence[Point]) -> list[Point]:
    """At most about `POINTS` of the points in order, the last one among them."""
    step = max(1, -(-len(points) // POINTS))
    return [*points[:-1][::step], points[-1]] if points else []


def joined(*curves: Sequence[Point]) -> list[Point]:
    """One curve made of parts that may overlap; it never falls."""
    merged: list[Point] = []
    for x, y in sorted(point for curve in curves for point in curve):
        if not merged or y >= merged[-1][1]:
            merged.append((x, y))
    return [
        point
        for point, after in pairwise([*merged, (math.inf, 0.0)])
        if point[0] != after[0] or point is merged[-1]
    ]
