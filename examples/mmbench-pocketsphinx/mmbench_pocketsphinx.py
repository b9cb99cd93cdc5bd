"""PocketSphinx as an mmbench model, with the US English model of its package."""

import numpy as np

from mmbench.types import Audio, GeneratedText


class PocketSphinx:
    modalities = frozenset({"audio"})
    version = 1
    rate = 16_000

    def __init__(self, folder, *, device, dtype):
        pass

    def write(self, conversations, options):
        sounds = [
            part
            for turns in conversations
            for message in turns
            for part in message.parts
            if isinstance(part, Audio)
        ]
        return [self._transcribe(sound) for sound in sounds]

    def _transcribe(self, sound):
        from pocketsphinx import Decoder

        decoder = Decoder(
            loglevel="FATAL"
        )  # a new decoder per clip, since decoders adapt to earlier clips
        decoder.start_utt()
        samples = (sound.samples.clip(-1, 1) * 32767).astype(np.int16)
        decoder.process_raw(samples.tobytes(), full_utt=True)
        decoder.end_utt()
        hypothesis = decoder.hyp()
        return GeneratedText(hypothesis.hypstr if hypothesis else "")
