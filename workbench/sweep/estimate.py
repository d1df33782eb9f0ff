"""How long the rest of a sweep will take and how much it will write, from points that have run."""

from dataclasses import dataclass
from itertools import islice

from workbench.sweep.text import size, span

SAMPLE = 2000  # points looked at


@dataclass(frozen=True)
class Estimate:
    points: int  # that it rests on
    seconds: tuple  # low, middle, high of the wall time left
    disk: tuple

    def __str__(self):
        low, middle, high = map(span, self.seconds)
        least, half, most = map(size, self.disk)
        based = f"from {self.points} recorded point{'s' * (self.points != 1)}"
        return f"about {middle} ({low} to {high}), {half} of disk ({least} to {most}), {based}"


def estimate(journal, left, workers):
    """The estimate, None where no point has run.

    The range is what the total would be if every point were as the lower or as the upper quartile of those recorded.
    """
    import numpy as np

    offsets = list(journal.done.values())
    offsets = offsets[:: max(len(offsets) // SAMPLE, 1)]
    with journal.reader() if offsets else _nothing() as source:
        rows = [journal._row_at(offset, source) for offset in islice(offsets, SAMPLE)]
    if not rows:
        return None
    seconds = np.quantile([row["seconds"] for row in rows], [0.25, 0.5, 0.75]) * left / max(min(workers, left), 1)
    disk = np.quantile([row["bytes"] for row in rows], [0.25, 0.5, 0.75]) * left
    return Estimate(len(rows), tuple(seconds.tolist()), tuple(disk.tolist()))


def _nothing():
    from contextlib import nullcontext

    return nullcontext()
