"""Queryable state over HTTP; sees values of core and state only, changes nothing."""
