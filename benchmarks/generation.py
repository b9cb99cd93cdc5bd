"""Text generation and speech recognition, compared with bare loops of the same forward passes."""

import json
import os
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.rows import Row, paired_row

DATA = Path(__file__).parents[2] / "shared/data"
BATCH, TOKENS = 8, 64


def rows(quick: bool = False) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        os.environ["MMBENCH_CACHE"] = f"{name}/cache"
        folder = Path(name)
        return [_generation(folder, 1 if quick else 5), _speech(folder, 1 if quick else 5)]


def _generation(folder: Path, repeats: int) -> Row:
    """Measure a LLaVA (8 layers, width 512): 64 greedy tokens for 32 images in batches of 8."""
    import mmbench
    from tests.support.checkpoints import chat

    large = {"hidden_size": 512, "intermediate_size": 1024, "num_hidden_layers": 8}
    chat.TEXT |= {**large, "num_attention_heads": 8, "num_key_value_heads": 8}
    checkpoint, questions = chat.llava(folder / "llava"), _questions(folder, 4 * BATCH)
    pairs = []
    for _ in range(repeats):
        bare = _bare_generation(checkpoint, questions)
        record = mmbench.evaluate(
            f"llava@{checkpoint}", str(folder / "task.yaml"), data=folder / "asked.jsonl",
            device="cpu", dtype="float32", batch_size=BATCH, fresh=True,
        ).record  # fmt: skip
        pairs.append((record.seconds["write image"], bare))
    ours, bare = (len(questions) * TOKENS / median(times) for times in zip(*pairs, strict=True))
    note = f"tokens a second {ours:.0f} and {bare:.0f}; medians of {repeats}"
    return paired_row(
        f"LLaVA, {len(questions)} answers of {TOKENS} tokens / bare generate", pairs, 1.05, note
    )


def _questions(folder: Path, n: int) -> list[tuple[Path, str]]:
    """Write noise images with a question each, as data of the task `answers`."""
    import numpy as np
    import yaml
    from PIL import Image

    questions = []
    for i in range(n):
        pixels = np.random.default_rng(i).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
        questions.append((folder / f"{i}.png", "what is in this image?"))
    lines = [
        json.dumps({"id": str(i), "image": path.name, "question": text, "answer": "x"})
        for i, (path, text) in enumerate(questions)
    ]
    (folder / "asked.jsonl").write_text("\n".join(lines))
    task = {"include": "answers", "generation": {"max_tokens": TOKENS}}
    (folder / "task.yaml").write_text(yaml.safe_dump(task))
    return questions


def _bare_generation(checkpoint: Path, questions: list[tuple[Path, str]]) -> float:
    import torch
    import transformers as tf
    from PIL import Image

    processor = tf.AutoProcessor.from_pretrained(checkpoint, backend="pil")
    net = tf.AutoModelForImageTextToText.from_pretrained(checkpoint).eval()
    start = perf_counter()
    for i in range(0, len(questions), BATCH):
        images = [Image.open(path).convert("RGB") for path, _ in questions[i : i + BATCH]]
        texts = [f"user: <image>{text}; assistant:" for _, text in questions[i : i + BATCH]]
        inputs = processor(
            text=texts, images=images, padding=True, padding_side="left", return_tensors="pt"
        )
        with torch.inference_mode():
            ids = net.generate(**inputs, max_new_tokens=TOKENS, do_sample=False)
        processor.batch_decode(ids[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return perf_counter() - start


def _speech(folder: Path, repeats: int) -> Row:
    """Measure wav2vec 2.0 of base size, with random weights, on real speech."""
    name = "wav2vec 2.0 base, real speech / a bare loop"
    clips = DATA / "speech/librivox"
    if not clips.is_dir():
        return Row(name, limit=1.1, note=f"skipped: no {DATA.name} beside the checkout")
    import mmbench

    checkpoint = _wav2vec2_base(folder / "wav2vec2")
    pairs, rates = [], []
    for _ in range(repeats):
        bare = _bare_speech(checkpoint, sorted(clips.glob("*.wav")))
        record = mmbench.evaluate(
            f"ctc@{checkpoint}", "transcripts", data=clips, device="cpu", batch_size=1, fresh=True
        ).record
        pairs.append((record.seconds["write audio"], bare))
        rates.append(record.throughput["RTFx"])
    return paired_row(name, pairs, 1.1, f"RTFx {median(rates):.1f}; medians of {repeats}")


def _wav2vec2_base(folder: Path) -> Path:
    import torch
    import transformers as tf

    from tests.support.checkpoints import speech_recognition

    speech_recognition.ctc(folder)
    torch.manual_seed(0)
    config = tf.Wav2Vec2Config(vocab_size=len(speech_recognition.LETTERS), pad_token_id=0)
    tf.Wav2Vec2ForCTC(config).save_pretrained(folder)
    return folder


def _bare_speech(checkpoint: Path, files: list[Path]) -> float:
    import soundfile
    import torch
    import transformers as tf

    extractor = tf.AutoFeatureExtractor.from_pretrained(checkpoint)
    tokenizer = tf.AutoTokenizer.from_pretrained(checkpoint)
    net = tf.AutoModelForCTC.from_pretrained(checkpoint).eval()
    start = perf_counter()
    for file in files:
        samples, rate = soundfile.read(file, dtype="float32")
        inputs = extractor(samples, sampling_rate=rate, return_tensors="pt")
        with torch.inference_mode():
            tokenizer.decode(net(**inputs).logits.argmax(-1)[0])
    return perf_counter() - start
