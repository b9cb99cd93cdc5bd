"""Names of columns that hold predictions or truths (reference answers), as `plain_name` writes
them.
"""

from __future__ import annotations

PREDICTIONS = (
    *("prediction", "pred", "predicted", "predict", "pred_text", "predicted_text", "pred_answer"),
    *("predicted_answer", "pred_label", "predicted_label", "response", "model_response"),
    *("filtered_resps", "resps", "hypothesis", "hyp", "output", "model_output", "model_answer"),
    *("generated_text", "generation", "generated", "completion"),
)
# Truth columns that some programs also use for their predictions.
SHARED = ("answer", "caption", "text", "label")
# Truth columns that are read as predictions only if `--field` names them. Next to a column of
# `FORMS`, a column of `SHARED` may be another form of the truth.
FORMS = ("target", "answers", "labels", "captions", "transcript", "transcription", "sentence")
ONLY_TRUTHS = (
    *("reference", "references", "ref", "ground_truth", "gt", "gt_answer", "gt_text", "gold"),
    *("gold_answer", "correct_answer"),
)
# Raw responses that lm-eval and lmms-eval write next to the filtered responses.
RAW = {"filtered_resps": "resps"}

# Words in names of prediction columns: `y_pred`, `raw_response`, `pred_text_ctc`.
_PREDICTION_WORDS = {
    *("prediction", "predictions", "pred", "preds", "predicted", "predict"),
    *("response", "responses", "resp", "resps", "reply", "output", "outputs"),
    *("hypothesis", "hypotheses", "hyp", "hyps"),
    *("generated", "generation", "generations", "completion", "completions", "result", "results"),
    "top1",
}
# Words that mean a prediction together with a word of `_NOUNS`: `llm_answer`, `asr_text`.
_NOUNS = {*SHARED, "transcript", "transcription", "class"}
_MODEL_WORDS = {
    *("model", "llm", "vlm", "mllm", "gpt", "asr", "raw", "final", "parsed", "extracted"),
    *("candidate", "assistant", "system", "our", "my"),
}
# Words in names of columns about the prediction: `response_time`, `pred_source`.
_ABOUT = {
    *("id", "ids", "time", "seconds", "latency", "tokens", "token", "length", "len"),
    *("count", "num"),
    *("score", "scores", "prob", "probs", "logprob", "logprobs", "confidence", "type", "format"),
    *("file", "path", "url", "source", "language", "lang", "status", "error", "cost", "correct"),
}


def resembles_prediction(name: str) -> bool:
    """Return whether a column may hold predictions, judging by the words in its plain name."""
    words = set(name.split("_"))
    by_model = bool(words & _NOUNS and words & _MODEL_WORDS)
    return bool(words & _PREDICTION_WORDS or by_model) and not words & _ABOUT
