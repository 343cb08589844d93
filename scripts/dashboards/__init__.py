"""The Grafana dashboards as code; `scripts/make_dashboards.py` writes them as JSON."""
