"""Charts and the HTML page that the reports on runs and studies share."""
