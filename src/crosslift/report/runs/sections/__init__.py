"""The sections of the report on runs, one file each; `crosslift.report.sections` says what a file holds."""
