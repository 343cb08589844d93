"""Association rules for a record whose fields are the items; baskets spread over several records are refused."""
