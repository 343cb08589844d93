"""InfluxDB and Grafana made to match a wanted state: plan, show, apply; nothing here scores or measures."""
