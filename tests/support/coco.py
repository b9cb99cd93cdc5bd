"""Annotations in both formats, written to disk: what the tests of `coco` read."""


def captions_json():
    """Two images, five captions: three of the second, one after the other's."""
    return {
        "info": {"year": 2017},
        "images": [
            {"id": 7, "file_name": "7.jpg", "license": 1},
            {"id": 12, "file_name": "12.jpg", "license": 1},
        ],
        "annotations": [
            {"id": 1, "image_id": 12, "caption": "a dog"},
            {"id": 2, "image_id": 7, "caption": "a cat"},
            {"id": 3, "image_id": 12, "caption": " two dogs. "},
            {"id": 4, "image_id": 12, "caption": "a wet dog"},
            {"id": 5, "image_id": 7, "caption": "a dry cat"},
        ],
    }


def sentence(id, raw):
    return {"tokens": raw.split(), "raw": raw, "imgid": 0, "sentid": id}


def karpathy_json(coco_ids=True):
    """One training and two test images, with two and three sentences."""
    images = [
        ("val2014", "v1.jpg", "test", 391895, [sentence(10, "a man"), sentence(11, "a moped")]),
        ("train2014", "t1.jpg", "train", 57870, [sentence(12, "a restaurant")]),
        ("val2014", "v2.jpg", "test", 522418, [sentence(13 + i, f"cake {i}") for i in range(3)]),
    ]
    return {
        "dataset": "coco",
        "images": [
            {"filename": name, "imgid": i, "split": split, "sentences": sentences}
            | ({"filepath": folder, "cocoid": id} if coco_ids else {})
            for i, (folder, name, split, id, sentences) in enumerate(images)
        ],
    }


def touch(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"image")


def texts(data):
    return {query.id: query.inputs["text"] for query in data.queries}


def paths(data):
    return {document.id: document.inputs["image"].name for document in data.corpus}
