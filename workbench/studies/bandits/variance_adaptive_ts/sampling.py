"""Random numbers inside compiled loops: xoshiro256++ streams by key, ziggurat normals, Marsaglia-Tsang gammas.

A stream's state is a tuple of four 64-bit words, and every function returns its value together with the next state, so
that a loop keeps the state in registers. Every instance and every arm has a stream of its own, addressed by a key and
not by the order in which threads happen to run. Blackman and Vigna (2021); Marsaglia and Tsang (2000, both).
"""

import math

import numpy as np
from numba import njit

_U = np.uint64


def _ziggurat(layers=256, edge=3.6541528853610088):
    """Right edges of the layers (the first is the base strip's width in area), and the density at them."""
    area = edge * math.exp(-0.5 * edge**2) + math.sqrt(math.pi / 2) * math.erfc(edge / math.sqrt(2))
    x = np.zeros(layers + 1)
    x[0], x[1] = area / math.exp(-0.5 * edge**2), edge
    for i in range(1, layers - 1):
        x[i + 1] = math.sqrt(-2 * math.log(area / x[i] + math.exp(-0.5 * x[i] ** 2)))
    return x, np.exp(-0.5 * x**2)


_X, _F = _ziggurat()
_RATIO = _X[1:] / _X[:-1]
_WIDTH = _X[:-1].copy()
_EDGE = _X[1]


@njit(cache=True, inline="always")
def _mix(z):
    """The finaliser of SplitMix64."""
    z = (z ^ (z >> _U(30))) * _U(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> _U(27))) * _U(0x94D049BB133111EB)
    return z ^ (z >> _U(31))


@njit(cache=True)
def stream(root, first, second):
    """The state at the start of the stream with the key (root, first, second), each a uint64."""
    golden = _U(0x9E3779B97F4A7C15)
    key = _mix(_mix(_mix(root + golden) ^ first + golden) ^ second)
    return _mix(key + golden), _mix(key + _U(2) * golden), _mix(key + _U(3) * golden), _mix(key + _U(4) * golden)


@njit(cache=True, inline="always")
def bits(state):
    """64 random bits."""
    s0, s1, s2, s3 = state
    total = s0 + s3
    result = ((total << _U(23)) | (total >> _U(41))) + s0
    t = s1 << _U(17)
    s2 ^= s0
    s3 ^= s1
    return result, (s0 ^ s3, s1 ^ s2, s2 ^ t, (s3 << _U(45)) | (s3 >> _U(19)))


@njit(cache=True, inline="always")
def uniform(state):
    """A uniform number in the open interval (0, 1)."""
    word, state = bits(state)
    return ((word >> _U(12)) + 0.5) * 2.220446049250313e-16, state


@njit(cache=True)
def _normal_edge(state, i, x):
    """The rare part of a ziggurat draw (about 1 %); returns whether it is accepted, the value and the state."""
    if i == 0:
        while True:
            u, state = uniform(state)
            w, state = uniform(state)
            beyond = -math.log(u) / _EDGE
            if -2 * math.log(w) > beyond * beyond:
                return True, math.copysign(_EDGE + beyond, x), state
    u, state = uniform(state)
    return _F[i] + u * (_F[i + 1] - _F[i]) < math.exp(-0.5 * x * x), x, state


@njit(cache=True, inline="always")
def normal(state):
    """A standard normal number."""
    while True:
        word, state = bits(state)
        i = np.int64(word & _U(255))
        u = np.int64(word) * 1.0842021724855044e-19  # the bits as a signed number, over 2^63
        x = u * _WIDTH[i]
        if abs(u) < _RATIO[i]:
            return x, state
        accepted, x, state = _normal_edge(state, i, x)
        if accepted:
            return x, state


@njit(cache=True, inline="always")
def gamma_factor(state, c, d):
    """v such that d v ~ Gamma(shape d + 1/3, 1), with c = 1/sqrt(9 d), d >= 2/3 (Marsaglia and Tsang)."""
    while True:
        x, state = normal(state)
        u, state = uniform(state)
        root = 1.0 + c * x
        if root <= 0.0:
            continue
        v = root * root * root
        square = x * x
        if u < 1.0 - 0.0331 * square * square or math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
            return v, state


@njit(cache=True)
def log_gamma_draw(state, shape):
    """The logarithm of a Gamma(shape, 1) number; safe for shapes near zero, where the number itself underflows."""
    boost = 0.0
    if shape < 1.0:
        u, state = uniform(state)
        boost = math.log(u) / shape
        shape += 1.0
    d = shape - 1.0 / 3.0
    v, state = gamma_factor(state, 1.0 / math.sqrt(9.0 * d), d)
    return boost + math.log(d * v), state
