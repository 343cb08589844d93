"""Rule sets: classes by the rules that hold."""
