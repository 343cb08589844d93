"""What `make bench` measures: ratios in one run; not a test, and no part of the package."""
