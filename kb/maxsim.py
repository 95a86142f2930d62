"""Packed token vectors, and MaxSim (late interaction) over them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Packed:
    codes: npt.NDArray[np.int8]
    starts: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]


def pack(tokens: Floats, starts: npt.NDArray[np.integer], ends: npt.NDArray[np.integer]) -> bytes:
    codes = np.clip(np.rint(tokens * 400), -127, 127).astype(np.int8)
    return struct.pack("<II", *tokens.shape) + codes.tobytes() + starts.astype("<i4").tobytes() + ends.astype("<i4").tobytes()


def unpack(blob: bytes) -> Packed:
    t, d = struct.unpack_from("<II", blob)
    codes = np.frombuffer(blob, np.int8, t * d, 8).reshape(t, d)
    starts = np.frombuffer(blob, "<i4", t, 8 + t * d)
    return Packed(codes, starts, np.frombuffer(blob, "<i4", t, 8 + t * d + 4 * t))


def token_similarities(query: Floats, packed: Packed) -> Floats:
    scores: Floats = query @ (packed.codes.astype(np.float32) / np.float32(400)).T
    return scores


def maxsim(query: Floats, packed: Packed) -> float:
    if not len(query) or not len(packed.codes):
        return 0.0
    return float(token_similarities(query, packed).max(axis=1).mean())
