"""Trees: from nodes and predicates to arrays of tests, and along them; ensembles of trees are in mining."""
