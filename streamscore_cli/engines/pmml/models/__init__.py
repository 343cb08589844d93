"""One file (or package) for each kind of model; what is common to all of them is in fields and outputs."""
