"""How many different people: HyperLogLog registers, joins whose repetition is harmless.

A sketch is a mapping of register index to rank, empty registers left out. Adding and merging take the maximum per
register, so they may be repeated, reordered and regrouped at will. With 2**14 registers the standard error of the
estimate is 1.04 / sqrt(2**14) = 0.81 %. No name or address can be read back from a sketch.

Flajolet, Fusy, Gandouet, Meunier: HyperLogLog, 2007. Estimator: Otmar Ertl, New cardinality estimation algorithms for
HyperLogLog sketches, 2017, arXiv:1702.01284, the improved raw estimator: no bias tables, no change of formula for small
sets.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from sys import byteorder

from xxhash import xxh3_64_intdigest

PRECISION = 14  # 2**14 registers: 0.8 % of error for at most 16 kB; the contract's `relative_error`
REGISTERS = 1 << PRECISION
RELATIVE_ERROR = 0.008  # 1.04 / sqrt(REGISTERS), as published
_Q = 64 - PRECISION  # bits of the hash left for the rank
_REST = (1 << _Q) - 1
_ALPHA = 1 / (2 * math.log(2))  # the constant for infinitely many registers, which Ertl's estimator uses
_SPARSE_BYTES = 3  # a uint16 index and a uint8 rank; all REGISTERS ranks alone are shorter once a third is in use


def hash64(text: str) -> int:
    """The 64-bit hash by which a person is counted: XXH3 of the UTF-8 bytes."""
    return int(xxh3_64_intdigest(text.encode("utf-8", "surrogatepass")))


def add(registers: dict[int, int], hash: int) -> None:
    """Counts the person behind `hash` (0..2**64-1) in. Repetition changes nothing."""
    index = hash >> _Q
    rank = _Q + 1 - (hash & _REST).bit_length()
    if rank > registers.get(index, 0):
        registers[index] = rank


def pack(registers: Mapping[int, int]) -> bytes:
    """The sketch as at most 16,384 bytes, the same for equal sketches whatever their order.

    Sparse: little-endian uint16 indexes in ascending order, then their ranks as uint8. Dense, as soon as that is
    shorter: one uint8 per register. The length tells which: a sparse one is a multiple of 3, 16,384 is not.
    """
    indexes = sorted(index for index, rank in registers.items() if rank)
    if len(indexes) * _SPARSE_BYTES > REGISTERS:
        dense = bytearray(REGISTERS)
        for index in indexes:
            dense[index] = registers[index]
        return bytes(dense)
    column = array("H", indexes)
    if byteorder == "big":
        column.byteswap()
    return column.tobytes() + bytes(registers[index] for index in indexes)


def unpack(packed: bytes) -> dict[int, int]:
    """The sketch that `pack` wrote. Raises ValueError for bytes that are none."""
    if len(packed) == REGISTERS:
        return {index: rank for index, rank in enumerate(packed) if rank}
    count, remainder = divmod(len(packed), _SPARSE_BYTES)
    if remainder:
        raise ValueError(f"not a HyperLogLog sketch: {len(packed)} bytes")
    column = array("H", packed[: 2 * count])
    if byteorder == "big":
        column.byteswap()
    if count and max(column) >= REGISTERS:
        raise ValueError(f"not a HyperLogLog sketch: register {max(column)} of {REGISTERS}")
    return dict(zip(column, packed[2 * count :], strict=True))


def merge(into: dict[int, int], other: bytes | Mapping[int, int]) -> None:
    """Makes `into` the sketch of both sets of people."""
    registers = unpack(other) if isinstance(other, bytes) else other
    for index, rank in registers.items():
        if rank > into.get(index, 0):
            into[index] = rank


def estimate(registers: Mapping[int, int]) -> int:
    """About how many different people were added: standard error 0.8 %, a few people are counted nearly exactly."""
    multiplicity = [0] * (_Q + 2)
    for rank in registers.values():
        multiplicity[rank] += 1
    multiplicity[0] = REGISTERS - sum(multiplicity[1:])
    if multiplicity[0] == REGISTERS:
        return 0
    z = REGISTERS * _tau(1 - multiplicity[_Q + 1] / REGISTERS)
    for count in reversed(multiplicity[1 : _Q + 1]):
        z = 0.5 * (z + count)
    z += REGISTERS * _sigma(multiplicity[0] / REGISTERS)
    return round(_ALPHA * REGISTERS * REGISTERS / z)


def _sigma(x: float) -> float:
    """x + sum of x**(2**k) * 2**(k-1) over k >= 1, for 0 <= x < 1: corrects for registers still empty."""
    y, z = 1.0, x
    while True:
        x *= x
        before, z = z, z + x * y
        y += y
        if z == before:
            return z


def _tau(x: float) -> float:
    """(1 - x - sum of (1 - x**(2**-k))**2 * 2**-k over k >= 1) / 3: corrects for registers that are full."""
    if x in (0.0, 1.0):
        return 0.0
    y, z = 1.0, 1 - x
    while True:
        x = math.sqrt(x)
        y *= 0.5
        before, z = z, z - (1 - x) ** 2 * y
        if z == before:
            return z / 3
