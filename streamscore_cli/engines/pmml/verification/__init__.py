"""ModelVerification: the rows a document carries and what a model must answer to them."""
