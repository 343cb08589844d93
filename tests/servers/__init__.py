"""Tests on real servers beyond Kafka, and what starts them; `make test` leaves out those marked `servers`."""
