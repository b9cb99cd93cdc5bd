"""Miniatures of published data sets, in their own layout: annotations and media, of a few samples.

`LAYOUTS[task](folder)` writes what a user of that task has on disk. The medium of the last sample
that is listed is never written, as files of YouTube are gone on most disks; `cifar` and folders of
classes, which list nothing, are whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.support.layouts.parts import images, sounds, videos, write_files

CIFAR10 = [
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
]


def prompts_package(folder: Path) -> None:
    """The part of the package clip-benchmark that is read, with three classes of ImageNet."""
    templates = {
        "imagenet1k": ["a bad photo of a {c}.", "a photo of many {c}."],
        "cifar10": ["a photo of a {c}.", "a blurry photo of a {c}."],
        "cifar100": ["a photo of a {c}."],
        "food101": ["a photo of {c}, a type of food."],
        "voc2007_multilabel": ["a photo of a {c}."],
    }
    names = {"imagenet1k": ["tench", "goldfish", "great white shark"]}
    write_files(
        folder / "clip_benchmark",
        {
            "__init__.py": "raise ImportError('is read, never imported')\n",
            "datasets/en_classnames.json": json.dumps(names),
            "datasets/en_zeroshot_classification_templates.json": json.dumps(templates),
        },
    )


def imagenet(folder: Path) -> None:
    """Write ImageNet: three images of two of three classes."""
    images(
        folder / "val",
        "n01440764/ILSVRC2012_val_00000293.JPEG",
        "n01440764/ILSVRC2012_val_00002138.JPEG",
        "n01484850/ILSVRC2012_val_00002338.JPEG",
    )
    (folder / "val/n01443537").mkdir()


def cifar10(folder: Path) -> None:
    """Write CIFAR-10: two images."""
    write_files(folder, {"cifar-10-batches-bin/batches.meta.txt": "\n".join(CIFAR10) + "\n\n"})
    records = [(3, (250, 10, 20)), (8, (0, 128, 255))]
    write_cifar(folder / "cifar-10-batches-bin/test_batch.bin", [((i,), c) for i, c in records])


def cifar100(folder: Path) -> None:
    """Write CIFAR-100: two images."""
    names = [f"class_{i}" for i in range(100)]
    write_files(folder, {"cifar-100-binary/fine_label_names.txt": "\n".join(names) + "\n"})
    write_cifar(folder / "cifar-100-binary/test.bin", [((10, 49), (1, 2, 3)), ((0, 99), (9, 9, 9))])


def write_cifar(file: Path, records: list[tuple[tuple[int, ...], tuple[int, int, int]]]) -> None:
    """Records of labels and an image of one colour whose first pixel is black."""
    data = b""
    for labels, colour in records:
        planes = b"".join(b"\0" + bytes([level]) * 1023 for level in colour)
        data += bytes(labels) + planes
    file.write_bytes(data)


def esc50(folder: Path) -> None:
    """Write ESC-50."""
    rows = [
        "filename,fold,target,category,esc10,src_file,take",
        "1-100032-A-0.wav,1,0,dog,True,100032,A",
        "1-9887-A-49.wav,1,49,hand_saw,False,9887,A",
        "5-9032-A-0.wav,5,0,dog,True,9032,A",
    ]
    write_files(folder, {"meta/esc50.csv": "\n".join(rows) + "\n"})
    sounds(folder / "audio", "1-100032-A-0.wav", "1-9887-A-49.wav")


def kinetics(folder: Path) -> None:
    """Write Kinetics-400."""
    rows = [
        "label,youtube_id,time_start,time_end,split",
        "javelin throw,--07WQ2iBlw,1,11,validate",
        '"tying knot (not on a tie)",-0IErS_cisg,137,147,validate',
        "javelin throw,-zzzGoneGon,10,20,validate",
    ]
    write_files(folder, {"annotations/val.csv": "\n".join(rows) + "\n"})
    videos(
        folder / "val",
        "--07WQ2iBlw_000001_000011.mp4",
        "tying knot (not on a tie)/-0IErS_cisg_000137_000147.mp4",
    )


def audioset(folder: Path) -> None:
    """Write AudioSet."""
    segments = [
        "# Segments csv created Sun Mar  5 10:54:25 2017",
        "# num_ytids=3, num_segs=3, num_unique_labels=3, num_positive_labels=4",
        "# YTID, start_seconds, end_seconds, positive_labels",
        '--4gqARaEJE, 0.000, 10.000, "/m/068hy,/m/09x0r"',
        '--BfvyPmVMo, 20.000, 30.000, "/m/03l9g"',
        '--gone23456, 30.000, 40.000, "/m/09x0r"',
    ]
    classes = [
        "index,mid,display_name",
        '0,/m/09x0r,"Speech"',
        '1,/m/03l9g,"Hammer"',
        '2,/m/068hy,"Domestic animals, pets"',
    ]
    write_files(
        folder / "metadata",
        {
            "eval_segments.csv": "\n".join(segments) + "\n",
            "class_labels_indices.csv": "\n".join(classes) + "\n",
        },
    )
    sounds(folder, "audios/eval_segments/Y--4gqARaEJE.wav", "audio/eval/--BfvyPmVMo.wav")


def food101(folder: Path) -> None:
    """Write Food-101."""
    write_files(
        folder / "meta",
        {
            "classes.txt": "apple_pie\nbaby_back_ribs\nwaffles\n",
            "test.txt": "apple_pie/1011328\nwaffles/999047\nwaffles/101251\n",
        },
    )
    images(folder / "images", "apple_pie/1011328.jpg", "waffles/999047.jpg")


def voc2007(folder: Path) -> None:
    """Write PASCAL VOC 2007."""
    home = folder / "VOCdevkit/VOC2007"
    write_files(
        home / "ImageSets/Main",
        {
            "test.txt": "000001\n000002\n000003\n",
            "aeroplane_test.txt": "000001 -1\n000002  1\n000003 -1\n",
            "dog_test.txt": "000001  1\n000002 -1\n000003 -1\n",
            "person_test.txt": "000001  1\n000002  0\n000003 -1\n",
        },
    )
    images(home / "JPEGImages", "000001.jpg", "000002.jpg")


def ucf101(folder: Path) -> None:
    """Write UCF101."""
    lists = folder / "ucfTrainTestlist"
    write_files(
        lists,
        {
            "classInd.txt": "1 ApplyEyeMakeup\r\n2 HandstandPushups\r\n3 YoYo\r\n",
            "testlist01.txt": "ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi\r\n"
            "HandstandPushups/v_HandStandPushups_g01_c01.avi\r\n"
            "ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c02.avi\r\n",
        },
    )
    videos(
        folder / "UCF-101",
        "ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi",
        "HandstandPushups/v_HandStandPushups_g01_c01.avi",
    )


def ssv2(folder: Path) -> None:
    """Write Something-Something v2."""
    rows = [
        {"id": "74225", "label": "spinning cube", "template": "Spinning [something] that stops"},
        {"id": "116154", "label": "lifting a cup", "template": "Lifting [something] up"},
        {"id": "198186", "label": "lifting a pen", "template": "Lifting [something] up"},
    ]
    for row in rows:
        row["placeholders"] = ["thing"]  # type: ignore[assignment]
    labels = {
        "Lifting something up": "1",
        "Spinning something that stops": "2",
        "Dropping something": "0",
    }
    write_files(
        folder,
        {
            "something-something-v2-validation.json": json.dumps(rows),
            "something-something-v2-labels.json": json.dumps(labels),
        },
    )
    videos(folder / "20bn-something-something-v2", "74225.webm", "116154.webm")


def charades(folder: Path) -> None:
    """Write Charades."""
    header = (
        "id,subject,scene,quality,relevance,verified,script,objects,descriptions,actions,length"
    )
    rows = [
        header,
        'YSKX3,T5CF,Kitchen,5,7,Yes,"A person, cooking",food,text,'
        "c002 0.00 12.60;c001 11.90 21.20,33.67",
        "EDXBD,5B0B,Bedroom,4,7,Yes,script,bed,text,,30.1",
        "QWERT,5B0B,Bedroom,4,7,Yes,script,bed,text,c000 1.00 2.00,30.1",
    ]
    classes = (
        "c000 Holding some clothes\nc001 Putting clothes somewhere\nc002 Taking some clothes\n"
    )
    write_files(
        folder / "Charades",
        {"Charades_v1_test.csv": "\n".join(rows) + "\n", "Charades_v1_classes.txt": classes},
    )
    videos(folder / "Charades_v1_480", "YSKX3.mp4", "EDXBD.mp4")


def fsd50k(folder: Path) -> None:
    """Write FSD50K."""
    write_files(
        folder / "FSD50K.ground_truth",
        {
            "eval.csv": "fname,labels,mids\n"
            '37199,"Electric_guitar,Guitar","/m/02sgy,/m/0342h"\n'
            '175151,Accelerating_and_revving_and_vroom,"/m/07q2z82"\n'
            '253463,"Guitar","/m/0342h"\n',
            "vocabulary.csv": "0,Accelerating_and_revving_and_vroom,/m/07q2z82\n"
            "1,Electric_guitar,/m/02sgy\n2,Guitar,/m/0342h\n",
        },
    )
    sounds(folder / "FSD50K.eval_audio", "37199.wav", "175151.wav")


LAYOUTS: dict[str, Callable[[Path], None]] = {
    "imagenet-zeroshot": imagenet,
    "cifar10-zeroshot": cifar10,
    "cifar100-zeroshot": cifar100,
    "esc50-zeroshot": esc50,
    "esc50": esc50,
    "kinetics400": kinetics,
    "audioset": audioset,
    "food101-zeroshot": food101,
    "voc2007-zeroshot": voc2007,
    "ucf101": ucf101,
    "ssv2": ssv2,
    "charades": charades,
    "fsd50k": fsd50k,
}
