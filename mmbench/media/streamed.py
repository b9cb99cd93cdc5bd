"""Repair of audio files that were written to a pipe and whose headers therefore lack the length."""

from __future__ import annotations

from mmbench.media.chunks import Chunk, ChunkLayout, chunks, layout_of


def with_length(data: bytes) -> bytes:
    """Fill in a missing size of the sample data in the header of WAV, RF64, AIFF, W64, CAF and AU.

    A size of 0 followed by samples, or a placeholder for an unknown size, is replaced by the number
    of bytes up to the end of the file; otherwise libsndfile may read no samples. Other files are
    returned unchanged.
    """
    if data.startswith(b".snd") and data[8:12] == bytes(4):
        return data[:8] + b"\xff" * 4 + data[12:]
    layout_and_start = layout_of(data)
    if layout_and_start is None:
        return data
    layout, start = layout_and_start
    every = list(chunks(data, layout, start))
    sound = next((c for c in every if c.id in layout.payload and c.size is None), None)
    if sound is None or start == 0:  # FFmpeg can read MP4, ASF and AVI without a size
        return data
    return _filled(data, layout, every, sound)


def _filled(data: bytes, layout: ChunkLayout, every: list[Chunk], sound: Chunk) -> bytes:
    out = bytearray(data)
    size = len(data) - sound.start
    large = next((chunk for chunk in every if chunk.id == b"ds64"), None)
    if large is not None:
        if not any(data[large.start + 8 : large.start + 16]):
            out[large.start : large.start + 8] = (len(data) - 8).to_bytes(8, "little")
            out[large.start + 8 : large.start + 16] = size.to_bytes(8, "little")
        return bytes(out)
    size += layout.id + layout.size if layout.counted else 0
    most = (1 << 8 * layout.size) - 1
    end = sound.size_at + layout.size
    out[sound.size_at : end] = min(size, most).to_bytes(layout.size, layout.order)
    return bytes(out)
