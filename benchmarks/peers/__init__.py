"""Other PMML engines to be measured beside ours: each in a process of its own, asked for one round at a time."""
