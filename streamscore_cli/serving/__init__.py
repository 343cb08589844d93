"""Which model answers: admission, manager, binding; it knows no format and no topic."""
