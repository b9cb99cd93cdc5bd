"""Parts of audio files: cutting without decoding the whole file, and durations."""

from mmbench.media.recordings.cutting import cut
from mmbench.media.recordings.durations import refuse_other_duration
from mmbench.media.recordings.parts import RecordingParts

__all__ = ["RecordingParts", "cut", "refuse_other_duration"]
