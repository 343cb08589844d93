"""Naive Bayes: classes weighed by counts of co-occurrence and by densities."""
