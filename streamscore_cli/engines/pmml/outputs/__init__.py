"""From predictions to what a model declares as its output; no prediction is made in here."""
