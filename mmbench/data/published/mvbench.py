"""The data source `mvbench`: MVBench, multiple choice about videos, with a file for each task.

Sources: Li et al. 2023, arXiv 2311.17005; OpenGVLab/Ask-Anything 4dd8210, video_chat2/mvbench.ipynb
for the files, the folders of the original videos, and the tasks of which questions are about a part
of a video; EvolvingLMMs-Lab/lmms-eval 75571cf, lmms_eval/tasks/mvbench/utils.py for the folders of
the branch `video` of the hub's data set, in which these parts are files.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from mmbench.columns import Table
from mmbench.data.mapping.choices import OptionFormat
from mmbench.data.mapping.find_media import find_media
from mmbench.data.mapping.patterns import refuse_missing
from mmbench.data.mapping.recording_parts import parse_seconds
from mmbench.data.mapping.samples import ColumnMapping, sample_table, samples_from_tables
from mmbench.data.readers.annotation_files import annotation_rows
from mmbench.data.readers.rows import FileRows
from mmbench.datasets import Samples
from mmbench.types import Content, Media, Sample

_CHARADES = ("star/Charades_segment", "star/Charades_v1_480")
_CLEVRER = "clevrer/video_validation"
_PERCEPTION = "perception/videos"

# The folder of a task in the branch `video`, and the folder of the original videos.
FOLDERS = {
    "action_sequence": _CHARADES,
    "action_prediction": _CHARADES,
    "action_antonym": ("ssv2_video_mp4", "ssv2_video"),
    "fine_grained_action": ("Moments_in_Time_Raw/videos",),
    "unexpected_action": ("FunQA_test/test",),
    "object_existence": (_CLEVRER,),
    "object_interaction": _CHARADES,
    "object_shuffle": (_PERCEPTION,),
    "moving_direction": (_CLEVRER,),
    "action_localization": ("sta/sta_video_segment", "sta/sta_video"),
    "scene_transition": ("scene_qa/video",),
    "action_count": (_PERCEPTION,),
    "moving_count": (_CLEVRER,),
    "moving_attribute": (_CLEVRER,),
    "state_change": (_PERCEPTION,),
    "fine_grained_pose": ("nturgbd_convert", "nturgbd"),
    "character_order": (_PERCEPTION,),
    "egocentric_navigation": ("vlnqa",),
    "episodic_reasoning": ("tvqa/video_fps3_hq_segment",),
    "counterfactual_inference": (_CLEVRER,),
}
_WHOLE = ("star/Charades_v1_480", "sta/sta_video")  # videos of which `start` and `end` give a part
_PLACES = ("video/", "", "video/data0613/", "data0613/")

_SHAPE = ColumnMapping(
    columns={"question": "question"},
    target="answer",
    options="candidates",
    tags={"task": "part"},
    option_format=OptionFormat(answer="text", line="({letter}) {option}"),
)


def mvbench(root: Path | None, *, task: str | list[str] | None = None) -> Samples:
    """Load one sample per question; the tag is the name of the task, such as `action_sequence`.

    `root` has the files TASK.json, also in `json`, and the unpacked videos in the folders of the
    archives, directly or in `video` or `data0613`. `task` selects one or more of the twenty tasks;
    by default all are read. If a question is about a part of a video (`start`, `end`, in seconds)
    and the file of the whole video is found, but not that of the part, the sample has the part
    (`Media.span`). The ids are TASK/NUMBER, with the number of the row in the file, from 0.

    Raises DataError for files that are missing or cannot be read.
    """
    names = [task] if isinstance(task, str) else task or [*FOLDERS]
    files: dict[str, str | list[str]] = {n: [f"json/{n}.json", f"{n}.json"] for n in names}
    places = annotation_rows(root, files, "mvbench")
    tables = [_samples(place, root or place.folder) for place in places]
    return samples_from_tables(tables, _SHAPE, places[0])


def _samples(place: FileRows, root: Path) -> Table[Sample]:
    refuse_missing(place, ["video", *_SHAPE.names()])
    names = [str(name) for name in place.column("video")]
    folders = FOLDERS.get(place.part, (place.part,))
    videos = find_media([_paths(name, folders) for name in names], root, place.place, "video")
    return sample_table(place, _SHAPE, media={"video": _parts(place, videos)})


def _paths(name: str, folders: Sequence[str]) -> list[str]:
    """Return the possible paths of a video; converted videos have the ending .mp4."""
    converted = str(PurePosixPath(name).with_suffix(".mp4"))
    files = [name, converted, f"{name}.mp4"]
    return [f"{place}{folder}/{file}" for folder in folders for place in _PLACES for file in files]


def _parts(place: FileRows, videos: Sequence[Content]) -> list[Content]:
    """Return the videos; a whole video becomes its part from `start` to `end`, if given."""
    if not place.has("start") or not place.has("end"):
        return list(videos)
    starts, ends = (
        place.convert(name, parse_seconds, place.sparse_column(name)) for name in ("start", "end")
    )
    return [
        replace(video, span=(start, end))
        if isinstance(video, Media) and None not in (start, end) and _is_whole(video.name)
        else video
        for video, start, end in zip(videos, starts, ends, strict=True)
    ]


def _is_whole(path: str) -> bool:
    return any(f"/{folder}/" in path for folder in _WHOLE)
