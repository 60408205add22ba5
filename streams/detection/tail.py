"""One bucket by itself: how improbable its count is, and between which bounds counts usually lie.

Both under a negative binomial with mean m and dispersion k, 1/k = excess variance of a bucket + variance of the
expectation itself. Improbable tails are exact: P(X >= x) = I_p(x, k), P(X <= x) = I_(1-p)(k, x + 1), p = m / (m + k),
with I the regularised incomplete beta function (Abramowitz & Stegun 26.5.26). Of usual counts nobody needs it so
exactly, and there are many: theirs is Peizer and Pratt's (1968, J. Am. Stat. Assoc. 63), within 2 %, at a fifth of the
cost. Bounds: the upper is Cornish and Fisher's expansion with skewness, the lower Wilson and Hilferty's cube of a
normal, both within 5 % (or a count or two) of the exact quantile wherever 1/k <= 0.1.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, log_ndtr

from streams.detection.columns import Floats
from streams.detection.cusum import QUIET_MEAN

# 99.8 % of the buckets of a healthy series lie within the bounds: three a day outside, a handful that nobody misses.
INSIDE = 0.998
Z = 3.0902323061678132  # standard normal quantile of 1 - (1 - INSIDE) / 2
_LEAST_TAIL = 1e-300  # about where floating point ends: scores reach 300
EXACT_FROM = 2.5  # one healthy bucket in 160
_SKEW_TERM = (Z * Z - 1.0) / 6.0


def score(count: Floats, mean: Floats, inverse_size: Floats) -> Floats:
    """-log10 of the smaller tail's probability, 0..300; NaN in, NaN out.

    >>> score(np.array([3.0, 30.0, 0.0]), np.array([3.0, 3.0, 30.0]), np.full(3, 0.02)).round(1)
    array([ 0.2, 16.9, 10.2])
    """
    mean = np.maximum(mean, QUIET_MEAN)
    size = 1.0 / inverse_size
    points = _usual(count, mean, size)
    at = (points > EXACT_FROM).nonzero()[0]
    if at.size:
        points[at] = _exact(count[at], mean[at], size[at])
    return points


def _exact(count: Floats, mean: Floats, size: Floats) -> Floats:
    more = count > mean
    above = mean / (mean + size)
    tail = betainc(np.where(more, count, size), np.where(more, size, count + 1.0), np.where(more, above, 1.0 - above))
    points: Floats = -np.log10(np.maximum(tail, _LEAST_TAIL))
    return points


def _usual(count: Floats, mean: Floats, size: Floats) -> Floats:
    """Peizer and Pratt's normal deviate of P(X <= y), as of Binomial(y + size, p) <= y, and its tail."""
    more = count > mean
    y = count - more  # P(X >= count) = 1 - P(X <= count - 1)
    total = size + y
    q = size / (size + mean)
    p = 1.0 - q
    inner, outer = y + 0.5, size - 0.5
    distance = inner + 1 / 6 - (total + 1 / 3) * p
    distance += 0.02 * (q / (y + 1.0) - p / size + (q - 0.5) / (total + 1.0))
    inside, outside = _bend(np.stack((inner / (total * p), outer / (total * q))))
    bent = 1.0 + q * inside + p * outside
    deviate = distance * np.sqrt(bent / ((total + 1 / 6) * p * q))
    points: Floats = log_ndtr(np.where(more, -deviate, deviate)) * (-1.0 / np.log(10.0))
    return points


def _bend(x: Floats) -> Floats:
    """(1 - x^2 + 2 x ln x) / (1 - x)^2, which is (1 - x) / 3 near 1."""
    off = 1.0 - x
    near = np.abs(off) < 1e-3
    x = np.maximum(x, 1e-12)
    bend: Floats = (1.0 - x * x + 2.0 * x * np.log(x)) / np.where(near, 1.0, off * off)
    np.copyto(bend, off / 3.0, where=near)
    return bend


def bounds(mean: Floats, inverse_size: Floats) -> tuple[Floats, Floats]:
    """Lower and upper bound of the central INSIDE of counts, whole numbers, both still usual.

    >>> [bound.tolist() for bound in bounds(np.array([0.0, 3.0, 100.0]), np.full(3, 0.02))]
    [[0.0, 0.0, 54.0], [1.0, 10.0, 160.0]]
    """
    mean = np.maximum(mean, QUIET_MEAN)
    variance = mean + inverse_size * mean * mean
    deviation = np.sqrt(variance)
    skew = (1.0 + 2.0 * inverse_size * mean) / deviation
    upper = np.floor(mean + deviation * (Z + _SKEW_TERM * skew))
    spread = deviation / (3.0 * mean)  # 1 / (3 sqrt(shape)) of the Gamma with this mean and variance
    root = np.maximum(1.0 - spread * spread - Z * spread, 0.0)
    lower = np.floor(mean * (root * root * root))  # a power of 3 takes twenty times as long
    return lower, upper
