"""MiningModel: segments and how their predictions become one; what is inside a segment is any other kind."""
