"""Live progress of a sweep: done, failed, rate, time left, slowest point. Only failures where there is no terminal."""

import sys
import time
from collections import deque

from workbench.sweep.text import axes_text, plain_text, span


class Silent:
    """Nothing is shown."""

    def started(self, point):
        pass

    def finished(self, point, row, tail):
        pass

    def tick(self, in_flight):
        pass

    def stopping(self, times):
        pass


class Progress(Silent):
    """A context manager that draws on standard error while the sweep runs."""

    def __init__(self, total, console, mirror=None):
        from rich.progress import BarColumn, MofNCompleteColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        self.console = console
        self.mirror = mirror  # a copy at a URL, renewed as the sweep goes
        columns = [BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn(), "{task.fields[state]}"]
        self.bar = Bar(*columns, console=console, disable=not console.is_terminal)
        self.job = self.bar.add_task("", total=total, state="starting")
        self.total, self.done, self.failed = total, 0, 0
        self.worst = None  # (seconds, text)
        self.recent = deque(maxlen=200)

    def __enter__(self):
        self.bar.start()
        return self

    def __exit__(self, *error):
        self.bar.stop()

    def finished(self, point, row, tail):
        self.recent.append(time.monotonic())
        if row["status"] == "done":
            self.done += 1
        else:
            self.failed += 1
            self._say(f"failed: {axes_text(point.axes)} (replicate {point.replicate}): {row['reason']}")
            for line in tail.splitlines():
                self._say(f"    {line}")
        if self.worst is None or row["seconds"] > self.worst[0]:
            self.worst = row["seconds"], axes_text(point.axes, 40)
        self.bar.update(self.job, completed=self.done + self.failed)

    def tick(self, in_flight):
        from rich.markup import escape

        self.bar.update(self.job, state=escape(self.state(in_flight)))
        if self.mirror:
            self.mirror.tick()

    def state(self, in_flight=0):
        """The line that stands beside the bar."""
        parts = [f"{self.failed} failed"] if self.failed else []
        rate = self.rate()
        if rate:
            parts.append(f"{rate:.1f} points/s" if rate >= 1 else f"{1 / rate:.1f} s/point")
            parts.append(f"{span((self.total - self.done - self.failed) / rate)} left")
        if self.worst:
            parts.append(f"slowest {span(self.worst[0])} at {self.worst[1]}")
        return ", ".join(parts) or f"{in_flight} running"

    def rate(self):
        """Points a second over the last 200, None before there are two."""
        if len(self.recent) < 2 or self.recent[-1] == self.recent[0]:
            return None
        return (len(self.recent) - 1) / (self.recent[-1] - self.recent[0])

    def stopping(self, times):
        said = "finishing the points in flight; Ctrl-C again gives them up" if times == 1 else "giving up"
        sys.stderr.write(f"\nworkbench: interrupted; {said}\n")

    def _say(self, text):
        from rich.text import Text

        self.console.print(Text(plain_text(text)), soft_wrap=True)
