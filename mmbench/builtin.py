"""The built-in names, as tables {name: ("module:attribute", one-line description)}.

Listing the names therefore imports no other module. If a metric takes an argument, its name shows
the argument: `recall@k` takes an integer, `fid@features` a name, `wer[none|basic]` one of the
listed words, and `torchmetrics[CLASS]` a name that the metric checks.
"""

from __future__ import annotations

NameTable = dict[str, tuple[str, str]]

MODELS: NameTable = {
    "clip": (
        "mmbench.models.contrastive.clip:Clip",
        "any image-text model of transformers: CLIP, SigLIP, SigLIP 2, ALIGN, Chinese-CLIP",
    ),
    "openclip": (
        "mmbench.models.contrastive.openclip.adapter:OpenClip",
        "any model of open_clip: CLIP, SigLIP, CoCa; from a folder, a hub id or a weights file",
    ),
    "clip-nano": (
        "mmbench.reference.adapters.clip:ClipNano",
        "small reference CLIP, trained on the shapes world",
    ),
    "llava-nano": (
        "mmbench.reference.adapters.language:LlavaNano",
        "small reference LLaVA: the image encoder of clip-nano with a language model",
    ),
    "prefix-nano": (
        "mmbench.reference.adapters.language:PrefixNano",
        "small reference ClipCap: one embedding of clip-nano as the prefix of a language model",
    ),
    "video-nano": (
        "mmbench.reference.adapters.video:VideoNano",
        "small reference video transformer, trained on moving shapes",
    ),
    "audioclip-nano": (
        "mmbench.reference.adapters.audioclip:AudioclipNano",
        "small reference AudioCLIP: audio, texts and tags of the shapes world",
    ),
    "asr-nano": (
        "mmbench.reference.adapters.asr:AsrNano",
        "small reference speech recogniser, trained on spoken numbers",
    ),
    "unified-nano": (
        "mmbench.reference.adapters.unified:UnifiedNano",
        "small reference multimodal GPT: it captions, answers, transcribes and draws",
    ),
    "fusion-nano": (
        "mmbench.reference.adapters.fusion:FusionNano",
        "small reference fusion of image, audio and text: it says which of the three differs",
    ),
    "xclip": (
        "mmbench.models.contrastive.xclip:XClip",
        "X-CLIP: one embedding space for videos and texts",
    ),
    "clap": (
        "mmbench.models.contrastive.clap:Clap",
        "CLAP: one embedding space for audio and texts",
    ),
    "llava": (
        "mmbench.models.chat.adapters:Llava",
        "any image-text-to-text model of transformers: LLaVA, Idefics, Qwen-VL, PaliGemma ...",
    ),
    "video-llm": (
        "mmbench.models.chat.adapters:VideoLlm",
        "video-text-to-text models: LLaVA-NeXT-Video, Qwen-VL, VideoLLaVA ...",
    ),
    "audio-llm": (
        "mmbench.models.chat.adapters:AudioLlm",
        "models that answer questions about audio: Qwen2-Audio, Audio Flamingo ...",
    ),
    "image": (
        "mmbench.models.classifiers:ImageClassifier",
        "image classifiers: ViT, ConvNeXt ...",
    ),
    "detector": (
        "mmbench.models.detectors:Detector",
        "object detectors, with boxes: DETR, RT-DETR, YOLOS ...",
    ),
    "segmenter": (
        "mmbench.models.detectors:Segmenter",
        "models of instance segmentation, with the pixels of objects: Mask2Former ...",
    ),
    "timm": (
        "mmbench.models.timm_models:Timm",
        "image models of timm: classification and image embeddings",
    ),
    "video": (
        "mmbench.models.classifiers:VideoClassifier",
        "video classifiers: VideoMAE, TimeSformer, ViViT, V-JEPA 2 ...",
    ),
    "audio": (
        "mmbench.models.classifiers:AudioClassifier",
        "audio classifiers, single-label or multi-label: AST, wav2vec 2.0, HuBERT ...",
    ),
    "whisper": (
        "mmbench.models.speech.whisper:Whisper",
        "encoder-decoder speech recognition: Whisper, Moonshine, Speech2Text",
    ),
    "faster-whisper": (
        "mmbench.models.speech.faster_whisper:FasterWhisper",
        "Whisper in CTranslate2's format, run by faster-whisper",
    ),
    "ctc": (
        "mmbench.models.speech.ctc:Ctc",
        "CTC speech recognition: wav2vec 2.0, HuBERT, WavLM ...",
    ),
    "xvector": (
        "mmbench.models.speech.xvector:XVector",
        "speaker verification: x-vectors of WavLM, UniSpeech-SAT, wav2vec 2.0 ...",
    ),
    "diffusers": (
        "mmbench.models.image_generation.diffusion:Diffusion",
        "any text-to-image pipeline of diffusers, one seed for each sample",
    ),
    "unified": (
        "mmbench.models.image_generation.unified:Unified",
        "models that read and generate images as tokens: Janus, Emu3, Chameleon",
    ),
    "tts": ("mmbench.models.speech.tts:Tts", "text to speech: SpeechT5, VITS, Bark"),
    "api": ("mmbench.models.api.adapter:Api", "any endpoint with OpenAI's chat completions API"),
    "api-transcribe": (
        "mmbench.models.api.transcriptions:Transcriptions",
        "speech recognition by any endpoint with OpenAI's transcriptions API",
    ),
    "serve": (
        "mmbench.models.api.serve:Serve",
        "any checkpoint behind vLLM or `transformers serve`, which mmbench starts and stops",
    ),
    "text-encoder": (
        "mmbench.models.texts.encoder:TextEncoder",
        "any text encoder of transformers or sentence-transformers: BERT, RoBERTa, MPNet ...",
    ),
    "cross-encoder": (
        "mmbench.models.texts.cross_encoder:CrossEncoder",
        "any text classifier of transformers with one score, for mmbench rerank",
    ),
    "fluency": (
        "mmbench.models.texts.fluency:Fluency",
        "the fluency error detector of FENSE, from its authors' .ckpt file",
    ),
    "inception": (
        "mmbench.models.inception.adapter:Inception",
        "the Inception network of 2015-12-05, from torch-fidelity's weights: FID, KID, IS, PRDC",
    ),
}

DATA: NameTable = {
    "shapes": (
        "mmbench.reference.worlds.shapes.retrieval:shapes",
        "procedural images of coloured shapes, with captions",
    ),
    "shapes-classes": (
        "mmbench.reference.worlds.shapes.sources:shapes_classes",
        "the shapes world: images of one shape, classified by colour and shape",
    ),
    "shapes-captions": (
        "mmbench.reference.worlds.shapes.sources:shapes_captions",
        "the shapes world: images, each with five captions as references",
    ),
    "shapes-prompts": (
        "mmbench.reference.worlds.shapes.sources:shapes_prompts",
        "the shapes world: captions as prompts, with their images as references",
    ),
    "shapes-questions": (
        "mmbench.reference.worlds.shapes.sources:shapes_questions",
        "the shapes world: questions about images, open-ended or multiple-choice",
    ),
    "shapes-swaps": (
        "mmbench.reference.worlds.shapes.composition:shapes_swaps",
        "the shapes world: pairs of images and captions in which objects exchange a property",
    ),
    "shapes-changes": (
        "mmbench.reference.worlds.shapes.composition:shapes_changes",
        "the shapes world: images found by an image and a text about a change",
    ),
    "shapes-motion": (
        "mmbench.reference.worlds.motion.sources:shapes_motion",
        "videos of moving shapes, classified by motion",
    ),
    "shapes-video": (
        "mmbench.reference.worlds.motion.sources:shapes_video",
        "videos of moving shapes with captions",
    ),
    "shapes-sounds": (
        "mmbench.reference.worlds.sounds.sources:sounds",
        "procedural audio clips, with captions",
    ),
    "shapes-sound-tags": (
        "mmbench.reference.worlds.sounds.sources:sound_tags",
        "the audio clips of shapes-sounds, each with its tags",
    ),
    "shapes-fusion": (
        "mmbench.reference.worlds.fusion.sources:shapes_fusion",
        "an image, an audio clip and a sentence, one of which gives a different number",
    ),
    "spoken-numbers": (
        "mmbench.reference.worlds.numbers.sources:spoken_numbers",
        "numbers and digits in synthetic speech, packaged",
    ),
    "coco": (
        "mmbench.data.published.coco:coco",
        "COCO captions JSON or Karpathy JSON with an image folder",
    ),
    "folder": (
        "mmbench.data.sources.media_folders:folder",
        "a folder of images, each with a text file of captions",
    ),
    "table": (
        "mmbench.data.sources.text_media_pairs:table",
        "CSV, TSV, JSONL or Parquet with image and text columns",
    ),
    "hf": (
        "mmbench.data.sources.text_media_pairs:hf",
        "a data set of Hugging Face's datasets library",
    ),
    "captions": (
        "mmbench.data.sources.captions:captions",
        "images and their reference captions: COCO or Karpathy JSON, JSONL, CSV",
    ),
    "vqa": ("mmbench.data.published.vqa:vqa", "VQA v2 questions with ten answers each"),
    "pope": ("mmbench.data.published.pope:pope", "POPE's yes/no questions, JSONL"),
    "answers": (
        "mmbench.data.sources.answers:answers",
        "questions with their answers, JSONL or CSV",
    ),
    "transcripts": (
        "mmbench.data.sources.transcripts:transcripts",
        "recordings with transcripts: trn, JSONL, CSV, TSV, NeMo, Kaldi, fairseq",
    ),
    "translations": (
        "mmbench.data.sources.translations:translations",
        "recordings or texts with reference translations, CSV or JSONL",
    ),
    "labels": (
        "mmbench.data.sources.labels:labels",
        "one label or several per sample, CSV or JSONL",
    ),
    "own-pairs": (
        "mmbench.data.sources.own_pairs:own_pairs",
        "your own images, audio or videos with texts, in any layout",
    ),
    "own-classes": (
        "mmbench.data.sources.own_classes:own_classes",
        "your own images, audio or videos with classes, in any layout",
    ),
    "pairs": (
        "mmbench.data.sources.judgements:pairs",
        "relevance judgements of documents for queries: TREC qrels, CSV",
    ),
    "images": ("mmbench.data.sources.media_folders:images", "a folder of images"),
    "ratings": ("mmbench.data.sources.ratings:ratings", "human ratings: id, system, rater, rating"),
    "meetings": (
        "mmbench.data.sources.speech.meetings:meetings",
        "transcripts with speakers: STM, SegLST JSON",
    ),
    "diarisation": (
        "mmbench.data.sources.speech.meetings:diarisation",
        "who speaks when: RTTM, STM, SegLST JSON; evaluation regions in UEM files",
    ),
    "rows": (
        "mmbench.data.sources.row_samples:rows",
        "any data set of Hugging Face's datasets library; the task names the columns",
    ),
    "caption-rows": (
        "mmbench.data.sources.text_media_pairs:caption_rows",
        "media with captions in Hugging Face's datasets library, for retrieval",
    ),
    "listing": (
        "mmbench.data.sources.row_samples:listing",
        "published annotation files with media: JSON, JSONL, CSV, TSV",
    ),
    "fsdd": ("mmbench.data.published.spoken_digits:fsdd", "the Free Spoken Digit Dataset"),
    "coco-prompts": (
        "mmbench.data.published.coco_prompts:coco_prompts",
        "captions of COCO as prompts, with the real images as references",
    ),
    "geneval": (
        "mmbench.data.published.geneval:geneval",
        "GenEval's prompts with the objects, counts, colours and positions that they name",
    ),
    "cirr": (
        "mmbench.data.published.composed:cirr",
        "CIRR: images found by an image and a text about the difference",
    ),
    "fashioniq": (
        "mmbench.data.published.composed:fashioniq",
        "FashionIQ: clothes found by an image and two texts about the difference",
    ),
    "aro": (
        "mmbench.data.published.aro:aro",
        "ARO's relations and attributes: cropped images with a true and a false caption",
    ),
    "mmbench": (
        "mmbench.data.published.mmbench_tsv:mmbench",
        "MMBench's TSV: each question with all rotations of its options",
    ),
    "mvbench": (
        "mmbench.data.published.mvbench:mvbench",
        "MVBench's questions about videos, some about a part of a video",
    ),
    "labelled": (
        "mmbench.data.sources.row_samples:labelled",
        "published annotation files: an image, audio clip or video per row, with its labels",
    ),
    "captioned": (
        "mmbench.data.sources.text_media_pairs:captioned",
        "published annotation files: captions of images, audio clips or videos",
    ),
    "class_folders": (
        "mmbench.data.sources.media_folders:class_folders",
        "a folder of images, audio files or videos for each class",
    ),
    "cifar": ("mmbench.data.published.cifar:cifar", "CIFAR-10 and CIFAR-100, binary version"),
    "voc": ("mmbench.data.published.voc:voc", "PASCAL VOC: the objects in an image"),
    "audioset": ("mmbench.data.published.audioset:audioset", "AudioSet: segments and their labels"),
    "charades": (
        "mmbench.data.published.charades:charades",
        "Charades: the actions in a video",
    ),
}

KINDS: NameTable = {
    "retrieval": (
        "mmbench.kinds.retrieval:Retrieval",
        "rank documents for queries, in one or both directions",
    ),
    "writing": (
        "mmbench.kinds.writing:Writing",
        "generate a text for each sample: a caption, an answer, a transcript",
    ),
    "classification": (
        "mmbench.kinds.classification:Classification",
        "score all classes for each sample, with one correct label or several",
    ),
    "zero_shot": (
        "mmbench.kinds.classification.zero_shot:ZeroShot",
        "predict the class with the text embedding nearest to the sample",
    ),
    "probe": (
        "mmbench.kinds.embedding.probe:Probe",
        "predict the class with a simple classifier of embeddings: logistic regression, neighbours",
    ),
    "clustering": (
        "mmbench.kinds.embedding.clustering:Clustering",
        "divide the samples into clusters of similar embeddings",
    ),
    "choice": (
        "mmbench.kinds.choice:Choice",
        "choose one of the options of each sample, by letter or by likelihood",
    ),
    "matching": (
        "mmbench.kinds.matching:Matching",
        "tell which text belongs to which image of a sample, by a score for each pair",
    ),
    "drawing": (
        "mmbench.kinds.drawing:Drawing",
        "generate images, to be compared with real images",
    ),
    "speaking": ("mmbench.kinds.speaking:Speaking", "generate speech for each text"),
    "rating": (
        "mmbench.kinds.rating:Rating",
        "score human ratings, or predictors of human ratings",
    ),
    "segments": (
        "mmbench.kinds.segments:Segments",
        "find out who speaks when in recordings, and the words",
    ),
}

_FIRST_POSITIVE = "mmbench.metrics.retrieval.first_positive"
_ALL_POSITIVES = "mmbench.metrics.retrieval.all_positives"
_DIAGNOSTICS = "mmbench.metrics.retrieval.diagnostics"
_CAPTIONS = "mmbench.metrics.captions"
_CLIPSCORE = "mmbench.metrics.captions.clipscore"
_CHAIR = "mmbench.metrics.captions.chair"
_CLAPSCORE = "mmbench.metrics.captions.clapscore"
_SEMANTIC = "mmbench.metrics.captions.semantic"
_SETS = "mmbench.metrics.image_sets.distances"
_SHAPES = "mmbench.reference.worlds.shapes.metrics"
_LABELS = "mmbench.metrics.classification"
_CLUSTERS = "mmbench.metrics.classification.clusters"
_ANSWERS = "mmbench.metrics.answers"
_CHOICE = "mmbench.metrics.answers.choice"
_MATCHING = "mmbench.metrics.composition.matching"
_POPE = "mmbench.metrics.answers.pope"
_OFFICIAL = "mmbench.metrics.answers.official"
_SPEECH = "mmbench.metrics.speech"
_MOS = "mmbench.metrics.speech.mos"
_TRANSLATION = "mmbench.metrics.translation"
_JUDGES = "mmbench.metrics.judges"
_SPEAKERS = "mmbench.metrics.speech.speakers"

METRICS: NameTable = {
    "recall@k": (f"{_FIRST_POSITIVE}:recall", "share of queries with a positive among the first k"),
    "recall_subset@k": (f"{_FIRST_POSITIVE}:recall_subset", "recall@k within the small corpus that belongs to a query"),
    "mean_rank": (f"{_FIRST_POSITIVE}:mean_rank", "mean rank of the best-ranked positive"),
    "median_rank": (f"{_FIRST_POSITIVE}:median_rank", "median rank of the best-ranked positive"),
    "mrr": (f"{_FIRST_POSITIVE}:mrr", "mean reciprocal rank of the best-ranked positive"),
    "map": (f"{_ALL_POSITIVES}:average_precision", "mean average precision over all positives"),
    "fraction_recall@k": (f"{_ALL_POSITIVES}:fraction_recall", "share of a query's positives in the first k"),
    "precision@k": (f"{_ALL_POSITIVES}:precision", "share of positives among the first k"),
    "mrr@k": (f"{_ALL_POSITIVES}:mrr_at", "mrr, with 0 for ranks beyond k"),
    "map@k": (f"{_ALL_POSITIVES}:map_at", "mean average precision over the first k"),
    "map@R": (f"{_ALL_POSITIVES}:map_at_r", "mean average precision over the first R, the number of positives"),
    "r_precision": (f"{_ALL_POSITIVES}:r_precision", "precision at the number of positives"),
    "ndcg@k": (f"{_ALL_POSITIVES}:ndcg", "normalised discounted cumulative gain of graded documents"),
    "hubness@k": (f"{_DIAGNOSTICS}:hubness", "skewness of the number of queries that have a document in their top k"),
    "antihubs@k": (f"{_DIAGNOSTICS}:antihubs", "share of documents in the top k of no query"),
    "modality_gap": (f"{_DIAGNOSTICS}:modality_gap", "distance of the mean query from the mean document"),
    "rsum": (f"{_ALL_POSITIVES}:rsum", "sum of recall@1, @5 and @10 over both directions"),
    "bleu@n": (f"{_CAPTIONS}:bleu", "corpus BLEU-n of pycocoevalcap"),
    "rouge_l": (f"{_CAPTIONS}:rouge_l", "ROUGE-L of pycocoevalcap"),
    "cider": (f"{_CAPTIONS}:cider", "CIDEr-D of pycocoevalcap"),
    "meteor": (f"{_CAPTIONS}:meteor", "METEOR 1.5, computed by its Java program"),
    "spice": (f"{_CAPTIONS}:spice", "SPICE 1.0, computed by its Java program"),
    "spider": ("mmbench.metrics.captions.spider:spider", "SPIDEr: mean of CIDEr-D and SPICE"),
    "chair_i": (f"{_CHAIR}:chair_i", "CHAIR_i: share of mentioned objects that are not in the image"),
    "chair_s": (f"{_CHAIR}:chair_s", "CHAIR_s: share of captions with an object that is not in the image"),
    "chair_recall": (f"{_CHAIR}:chair_recall", "share of the objects in the images that captions mention"),
    "clipscore": (f"{_CLIPSCORE}:clipscore", "2.5 x cosine of caption and image"),
    "ref_clipscore": (f"{_CLIPSCORE}:ref_clipscore", "CLIPScore with references"),
    "pac_s": (f"{_CLIPSCORE}:pac_s", "PAC-S: 2 x cosine of caption and image, with PAC-S weights"),
    "ref_pac_s": (f"{_CLIPSCORE}:ref_pac_s", "PAC-S with references"),
    "clapscore": (f"{_CLAPSCORE}:clapscore", "cosine of caption and audio under CLAP"),
    "clap_sim": (f"{_CLAPSCORE}:clap_sim", "mean cosine of caption and references under CLAP"),
    "vqascore": ("mmbench.metrics.captions.vqascore:vqascore", "probability that a chat model sees the text in the image"),
    "geneval@detector": ("mmbench.metrics.composition.geneval:geneval", "share of images with the objects, counts, colours and positions of the prompt"),
    "bertscore_f1": (f"{_SEMANTIC}.bertscore:bertscore_f1", "F1 of matches between the tokens of caption and reference"),
    "bertscore_precision": (f"{_SEMANTIC}.bertscore:bertscore_precision", "matches of the caption's tokens in a reference"),
    "bertscore_recall": (f"{_SEMANTIC}.bertscore:bertscore_recall", "matches of a reference's tokens in the caption"),
    "sbert_sim": (f"{_SEMANTIC}.fense:sbert_sim", "cosine of the sentence embeddings of caption and references"),
    "fense": (f"{_SEMANTIC}.fense:fense", "sbert_sim with a penalty for captions that are not fluent"),
    "fluency_error_rate": (f"{_SEMANTIC}.fluency:fluency_error_rate", "share of captions that are not fluent"),
    "spider_fl": (f"{_SEMANTIC}.spider_fl:spider_fl", "mean of CIDEr-D and SPICE, with the penalty of fense"),
    "fid@features": (f"{_SETS}:fid", "Fréchet distance: @tf, @clean, or @MODEL"),
    "kid@features": (f"{_SETS}:kid", "kernel distance: @tf, @clean, or @MODEL"),
    "inception_score": (f"{_SETS}:inception_score", "Inception score"),
    "prdc_precision@features": (f"{_SETS}:prdc_precision", "share of generated images near real images"),
    "prdc_recall@features": (f"{_SETS}:prdc_recall", "share of real images near generated images"),
    "prdc_density@features": (f"{_SETS}:prdc_density", "density of real images around generated images"),
    "prdc_coverage@features": (f"{_SETS}:prdc_coverage", "share of real images with a generated image nearby"),
    "cmmd": (f"{_SETS}:cmmd", "CLIP maximum mean discrepancy"),
    "shapes_right": (f"{_SHAPES}:shapes_right", "share of drawings with exactly the requested shapes"),
    "shapes_recall[size|colour|shape|place]": (f"{_SHAPES}:shapes_recall", "share of requested shapes drawn correctly"),
    "accuracy@k": (f"{_LABELS}:accuracy", "share of samples with the correct label among the first k"),
    "mean_per_class_recall": (f"{_LABELS}:mean_per_class_recall", "balanced accuracy"),
    "mean_ap": (f"{_LABELS}:mean_ap", "average precision, mean over classes"),
    "auc": (f"{_LABELS}:auc", "area under the ROC curve, mean over classes"),
    "d_prime": (f"{_LABELS}:d_prime", "d' of the mean area under the ROC curve"),
    "f1_macro": (f"{_LABELS}:f1_macro", "F1, mean over classes"),
    "f1_micro": (f"{_LABELS}:f1_micro", "F1 over all decisions"),
    "ece": (f"{_LABELS}:ece", "expected calibration error, 15 bins"),
    "confusion_matrix": (f"{_LABELS}:confusion_matrix", "counts of true and predicted classes; share on the diagonal"),
    "v_measure": (f"{_CLUSTERS}:v_measure", "harmonic mean of homogeneity and completeness; NMI"),
    "homogeneity": (f"{_CLUSTERS}:homogeneity", "whether clusters have samples of one class only"),
    "completeness": (f"{_CLUSTERS}:completeness", "whether the samples of a class are in one cluster"),
    "adjusted_rand": (f"{_CLUSTERS}:adjusted_rand", "agreement of pairs of samples, corrected for chance"),
    "cluster_accuracy": (f"{_CLUSTERS}:cluster_accuracy", "accuracy under the best assignment of clusters to classes"),
    "vqa_accuracy[official|normalized]": (f"{_ANSWERS}:vqa_accuracy", "VQA accuracy over ten answers"),
    "exact_match": (f"{_ANSWERS}:exact_match", "share of outputs equal to an answer, ignoring case and punctuation"),
    "contains": (f"{_ANSWERS}:contains", "share of outputs that contain an answer as whole words"),
    "anls": (f"{_ANSWERS}:anls", "average normalised Levenshtein similarity, threshold 0.5"),
    "relaxed_accuracy": (f"{_ANSWERS}:relaxed_accuracy", "share of outputs equal to the answer, or within 5 % of it if numeric"),
    "number_accuracy[TOLERANCE]": (f"{_ANSWERS}.numbers:number_accuracy", "share of outputs whose number agrees, with units: [0], [0.5] or [1%]"),
    "regex_match[NAME]": (f"{_ANSWERS}.patterns:regex_match", "share of outputs in which a pattern of the task finds an answer"),
    "choice_accuracy": (f"{_CHOICE}:choice_accuracy", "share of samples with the correct option, by letter or text"),
    "choice_unparsed": (f"{_CHOICE}:choice_unparsed", "share of answers that name no option"),
    "circular_accuracy": (f"{_CHOICE}:circular_accuracy", "share of questions answered correctly in all rotations of the options"),
    "mmau_accuracy[official|letters]": (f"{_ANSWERS}.mmau:mmau_accuracy", "share of answers with the words of the correct option, as in MMAU"),
    "ocrbench_accuracy": (f"{_ANSWERS}.ocrbench:ocrbench_accuracy", "share of outputs that contain an answer, as in OCRBench"),
    "text_score": (f"{_MATCHING}:text_score", "share of samples in which each image scores highest with its own text"),
    "image_score": (f"{_MATCHING}:image_score", "share of samples in which each text scores highest with its own image"),
    "group_score": (f"{_MATCHING}:group_score", "share of samples that are correct in both text_score and image_score"),
    "match_ties": (f"{_MATCHING}:match_ties", "share of samples in which a correct and a wrong pair score the same"),
    "mmmu_accuracy": (f"{_OFFICIAL}.mmmu:mmmu_accuracy", "share of correct answers by MMMU's official rules"),
    "mmmu_unparsed": (f"{_OFFICIAL}.mmmu:mmmu_unparsed", "share of MMMU's questions with options whose answer names none"),
    "mathvista_accuracy[quick|rules]": (f"{_OFFICIAL}.mathvista:mathvista_accuracy", "share of correct answers on MathVista, extracted by rules"),
    "mathvista_accuracy[llm]": (f"{_OFFICIAL}.mathvista:mathvista_llm_accuracy", "share of correct answers on MathVista, extracted by a model"),
    "mmstar_accuracy": (f"{_OFFICIAL}.mmstar:mmstar_accuracy", "share of answers that begin with the correct letter"),
    "hallusion_accuracy[question|pair|figure]": (f"{_OFFICIAL}.hallusion:hallusion_accuracy", "share of HallusionBench's questions, pairs or figures answered correctly"),
    "pope_accuracy": (f"{_POPE}:pope_accuracy", "share of correct yes and no answers"),
    "pope_precision": (f"{_POPE}:pope_precision", "share of correct answers among the predicted yes"),
    "pope_recall": (f"{_POPE}:pope_recall", "share of the true yes that are predicted"),
    "pope_f1": (f"{_POPE}:pope_f1", "F1 of yes"),
    "pope_yes_ratio": (f"{_POPE}:pope_yes_ratio", "share of yes among the predictions"),
    "pope_unparsed": (f"{_POPE}:pope_unparsed", "share of answers that say neither yes nor no"),
    "wer[none|basic|whisper_en|open_asr_2026|multilingual]": (f"{_SPEECH}:wer", "word error rate over the corpus"),
    "cer[none|basic|whisper_en|open_asr_2026|multilingual|cjk]": (f"{_SPEECH}:cer", "character error rate over the corpus"),
    "substitution_rate[none|basic|whisper_en|open_asr_2026|multilingual]": (f"{_SPEECH}:substitution_rate", "substituted words, a part of WER"),
    "deletion_rate[none|basic|whisper_en|open_asr_2026|multilingual]": (f"{_SPEECH}:deletion_rate", "deleted words, a part of WER"),
    "insertion_rate[none|basic|whisper_en|open_asr_2026|multilingual]": (f"{_SPEECH}:insertion_rate", "inserted words, a part of WER"),
    "mer[none|basic|whisper_en|multilingual]": (f"{_SPEECH}:mer", "match error rate over the corpus"),
    "wil[none|basic|whisper_en|multilingual]": (f"{_SPEECH}:wil", "word information lost over the corpus"),
    "rtfx": (f"{_SPEECH}:rtfx", "seconds of audio per second of computation"),
    "roundtrip_wer": ("mmbench.metrics.speech.roundtrip:roundtrip_wer", "word error rate of transcribed synthetic speech"),
    "speaker_similarity": ("mmbench.metrics.speech.similarity:speaker_similarity", "cosine of the voices of generated speech and a recording"),
    "sacrebleu[13a|intl|zh|char|ja-mecab|ko-mecab]": (f"{_TRANSLATION}:sacrebleu", "corpus BLEU of translations, as in sacrebleu"),
    "chrf": (f"{_TRANSLATION}:chrf", "F-score of the character n-grams of translations"),
    "chrf++": (f"{_TRANSLATION}:chrf_plus_plus", "chrf, with n-grams of words as well"),
    "dnsmos[ovrl|sig|bak|p808]": (f"{_MOS}:dnsmos", "opinion score predicted by DNSMOS"),
    "mos": (f"{_MOS}:mos", "mean opinion score of human ratings"),
    "mos_lcc[utterance|system]": (f"{_MOS}:mos_lcc", "linear correlation of a predictor with ratings"),
    "mos_srcc[utterance|system]": (f"{_MOS}:mos_srcc", "rank correlation of a predictor with ratings"),
    "mos_ktau[utterance|system]": (f"{_MOS}:mos_ktau", "Kendall's tau of a predictor with ratings"),
    "mos_mse[utterance|system]": (f"{_MOS}:mos_mse", "mean squared error of a predictor"),
    "judge[RUBRIC]": (f"{_JUDGES}.judge:judge", "score that a model gives by a rubric"),
    "judge_kappa[RUBRIC]": (f"{_JUDGES}.agreement:judge_kappa", "Cohen's kappa of a judge with human labels"),
    "judge_weighted_kappa[RUBRIC]": (f"{_JUDGES}.agreement:judge_weighted_kappa", "Cohen's kappa with quadratic weights"),
    "judge_ktau[RUBRIC]": (f"{_JUDGES}.agreement:judge_ktau", "Kendall's tau of a judge with human scores"),
    "cpwer[none|basic|whisper_en]": (f"{_SPEAKERS}:cpwer", "word error rate of several speakers, best assignment of speakers"),
    "tcpwer[none|basic|whisper_en]": (f"{_SPEAKERS}:tcpwer", "cpwer in which only words of close times are aligned; option collar"),
    "der": (f"{_SPEAKERS}:der", "diarisation error rate, without a collar"),
    "der[OPTIONS]": (f"{_SPEAKERS}:der", "der with collar=SECONDS, skip_overlap, or collar=SECONDS,skip_overlap"),
    "jer": (f"{_SPEAKERS}:jer", "Jaccard error rate of speakers"),
    "torchmetrics[CLASS]": ("mmbench.metrics.torchmetrics:torchmetrics", "any metric class of torchmetrics"),
}  # fmt: skip

_OUTPUTS = "mmbench.predictions.readers"
_ARRAYS = "mmbench.predictions.arrays"
_SEGMENTS = "mmbench.predictions.segments"

OUTPUTS: NameTable = {
    ".jsonl": (f"{_OUTPUTS}:records", "an id and a value per row"),
    ".csv": (f"{_OUTPUTS}:records", "an id and a value per row"),
    ".tsv": (f"{_OUTPUTS}:records", "an id and a value per row, or an MS MARCO run"),
    ".json": (
        f"{_OUTPUTS}:json_file",
        "results of COCO or VQA, segments in SegLST, or {id: value}",
    ),
    ".xlsx": (f"{_OUTPUTS}:excel", "an id and a value per row of the first sheet"),
    ".run": (f"{_OUTPUTS}:trec_run", "a TREC or MS MARCO run"),
    ".trec": (f"{_OUTPUTS}:trec_run", "a TREC or MS MARCO run"),
    ".trn": (f"{_OUTPUTS}:trn", "NIST transcripts"),
    ".txt": (f"{_OUTPUTS}:text", "a value per line"),
    "text": (f"{_OUTPUTS}:kaldi_text", "Kaldi transcripts"),
    ".rttm": (f"{_SEGMENTS}:segment_file", "who speaks when, in the sessions of RTTM"),
    ".stm": (f"{_SEGMENTS}:segment_file", "transcripts with speakers and times"),
    "folder/": (f"{_OUTPUTS}:folder", "a folder of images or audio files"),
    "segments/": (f"{_SEGMENTS}:segments_folder", "a folder of RTTM, STM or SegLST files"),
    "embeddings/": ("mmbench.predictions.vectors:embeddings_folder", "a folder of embeddings"),
    ".npz": (f"{_ARRAYS}:embeddings", "embeddings of queries and documents"),
    ".npy": (f"{_ARRAYS}:score_matrix", "class scores, one row per sample"),
}

CONFORMANCE: NameTable = {
    "retrieval": ("mmbench.conformance.retrieval:CASES", "ranks and retrieval metrics"),
    "vectors": ("mmbench.conformance.vectors:CASES", "compressed vectors, hubness, modality gap"),
    "captions": (
        "mmbench.conformance.captions:CASES",
        "BLEU, ROUGE-L, CIDEr, METEOR, SPICE, SPIDEr, CHAIR",
    ),
    "clipscore": (
        "mmbench.conformance.clipscore:CASES",
        "CLIPScore, PAC-S, VQAScore, CLAPScore",
    ),
    "semantic": ("mmbench.conformance.semantic:CASES", "BERTScore, FENSE, SPIDEr-FL"),
    "composed_queries": (
        "mmbench.conformance.composed_queries:CASES",
        "retrieval by an image and a text",
    ),
    "composition": (
        "mmbench.conformance.composition:CASES",
        "objects in generated images, matches of images and texts",
    ),
    "distribution": ("mmbench.conformance.distribution:CASES", "FID and metrics of its family"),
    "classification": ("mmbench.conformance.classification:CASES", "classification metrics"),
    "embeddings": ("mmbench.conformance.embeddings:CASES", "probes and clusterings"),
    "answers": ("mmbench.conformance.answers.readings:CASES", "metrics of answers and choices"),
    "robustness": ("mmbench.conformance.robustness:CASES", "perturbations of images and audio"),
    "official-answers": (
        "mmbench.conformance.answers.official:CASES",
        "answers by the official evaluators of benchmarks",
    ),
    "drawings": (
        "mmbench.reference.worlds.shapes.conformance:CASES",
        "drawings of the shapes world",
    ),
    "speech": ("mmbench.conformance.speech.error_rates:CASES", "error rates of transcripts"),
    "languages": (
        "mmbench.conformance.speech.languages:CASES",
        "transcripts of other languages, long recordings, translations",
    ),
    "mos": (
        "mmbench.conformance.speech.mos:CASES",
        "opinion scores and their predictors, speaker similarity",
    ),
    "judges": ("mmbench.conformance.judges:CASES", "judges, and their agreement with people"),
    "speakers": ("mmbench.conformance.speech.speakers:CASES", "speech of several people"),
}

EXAMPLE_DATA = "shapes"
"""The data source of images and captions that self-tests use if the data of the task are missing."""

_TRAINER = "mmbench.reference.training.registered:train"

TRAINERS: NameTable = {
    "asr-nano": (_TRAINER, "spoken numbers, as letters, with a CTC loss"),
    "audioclip-nano": (_TRAINER, "audio with tags, then with tags and captions"),
    "clip-nano": (_TRAINER, "images and captions, contrastive; half an hour on one core"),
    "clip-nano-mined": (_TRAINER, "clip-nano with mined hard pairs"),
    "fusion-nano": (_TRAINER, "image, audio and sentence, fused from the first layer"),
    "fusion-nano-hybrid": (_TRAINER, "fusion-nano, fused after one encoder per modality"),
    "fusion-nano-late": (_TRAINER, "fusion-nano, mean logits of three classifiers"),
    "llava-nano": (_TRAINER, "captions alone, then descriptions of and conversations about images"),
    "prefix-nano": (_TRAINER, "llava-nano with one clip-nano vector per image"),
    "unified-nano": (_TRAINER, "image and audio tokens, then texts and drawings"),
    "video-nano": (_TRAINER, "masked videos, then motions and captions"),
    "video-nano-conv3d": (_TRAINER, "video-nano with 3-D convolutions"),
    "video-nano-two-stream": (_TRAINER, "video-nano with two streams"),
}

REPORTERS: NameTable = {
    "wandb": ("mmbench.reports.trackers.weights_and_biases:report", "Weights & Biases"),
    "mlflow": ("mmbench.reports.trackers.mlflow_runs:report", "MLflow"),
}

TABLES: dict[str, NameTable] = {
    "model": MODELS,
    "task": {},
    "metric": METRICS,
    "data": DATA,
    "kind": KINDS,
    "outputs": OUTPUTS,
    "reporter": REPORTERS,
    "trainer": TRAINERS,
    "conformance": CONFORMANCE,
}
