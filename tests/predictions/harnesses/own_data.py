"""The data of these tests, outputs of a model for them, and parts of a record."""

# Own data with ids that are not row numbers. Two questions are the same, of different images.
QUESTIONS = [
    {"id": "q7", "question": "What animal is it?", "image": "img/one.jpg", "answer": "dog"},
    {"id": "q3", "question": "How many cars are there?", "image": "img/two.jpg", "answer": "2"},
    {"id": "q9", "question": "What animal is it?", "image": "img/three.jpg", "answer": "cat"},
    {"id": "q1", "question": "What colour is the bus?", "image": "img/four.jpg", "answer": "red"},
]
# Outputs of the model in the order of the questions: three of four are right.
OUTPUTS = ["dog", "2", "horse", "red"]
CHOICES = [
    {"id": "a", "question": "What is it?", "options": ["a cat", "a dog", "a fox"], "answer": "B"},
    {"id": "b", "question": "Where is it?", "options": ["on a sofa", "in a car"], "answer": "A"},
    {"id": "c", "question": "Whose is it?", "options": ["mine", "yours"], "answer": "B"},
]


def value(record, metric):
    return record["scores"][metric]["value"]


def notes(record):
    return "\n".join(record["notes"])
