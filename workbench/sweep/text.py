"""Texts for people: sizes, durations, values; and what a user types for them."""

import re

from workbench.errors import UserError

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT]?)(i?)[bB]?$")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)?$")


def plain_text(text):
    """The text without colours and other control characters, which could rewrite a terminal."""
    return _ESCAPE.sub("", text)


def parse_size(text):
    """Bytes in ``500M``, ``2G``, ``1.5GiB``; units are powers of 1024."""
    match = _SIZE.match(text.strip())
    if not match or float(match[1]) <= 0:
        raise UserError(f"--memory {text!r} is not a size such as 500M or 2G")
    return int(float(match[1]) * 1024 ** " kMGT".replace("k", "K").index(match[2].upper() or " "))


def parse_span(text):
    """Seconds in ``30``, ``90s``, ``5min``, ``2h``."""
    match = _SPAN.match(text.strip())
    if not match or float(match[1]) <= 0:
        raise UserError(f"--timeout {text!r} is not a time such as 90s, 5min or 2h")
    return float(match[1]) * {"s": 1, None: 1, "m": 60, "min": 60, "h": 3600, "d": 86400}[match[2]]


def span(seconds):
    """``42 s``, ``3.5 min``, ``7 h``."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def size(count):
    """``3.2 MB``."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000


def axes_text(axes, limit=120):
    """``n_samples=40, noise=0.5``."""
    text = ", ".join(
        f"{name}={value:.6g}" if type(value) is float else f"{name}={value!r}" for name, value in axes.items()
    )
    return text if len(text) <= limit else text[: limit - 1] + "…"
