"""Documents that exporters wrote, with the answers that JPMML-Evaluator gave; README.md says how they were made."""
