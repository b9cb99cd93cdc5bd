"""Whether a model repeats known errors of the references, such as typos in captions."""
