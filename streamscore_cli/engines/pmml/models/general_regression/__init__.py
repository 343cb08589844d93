"""GeneralRegressionModel: factors, covariates and link functions; plain regression tables are another package."""
