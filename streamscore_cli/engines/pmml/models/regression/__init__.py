"""RegressionModel: linear predictors and their normalization; general regression is another package."""
